"""The Pulumi engine, driven by the Automation API.

`cli` finds the program and says what it needs in its environment (state, passphrase), `lifecycle` takes stacks through
their life, `events` turns what the engine says into progress and reports.
"""
