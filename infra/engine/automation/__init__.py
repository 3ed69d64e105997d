"""The Pulumi engine, driven by the Automation API.

`cli` finds the program, `lifecycle` takes stacks through their life, `events` turns what the engine says into progress
and reports.
"""
