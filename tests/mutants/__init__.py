"""Mutants: the package with one literal or one option changed, each of which must turn a test red.

`sites` finds what can be changed and changes it, `children` runs the tests on a mutant in a forked process, `survivors`
reads which mutants may stay green and why. `python -m tests.mutants --help` says how to run it.
"""
