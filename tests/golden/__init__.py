"""Goldens: the values that the package emits, as files that a reviewer reads in the diff.

`plans` makes the small regions of `regions/` into plans, `blocks` and `tables` say what of them is held, `files` has it
as text and compares it. `pytest tests/golden --golden-update` writes the files anew.
"""
