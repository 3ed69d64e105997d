"""The command line `aifactory`: a thin face that opens regions, calls the rooms below, and says what came of it.

Read `main` first (the program and the commands on region files), then a module for each group of commands: `gate`,
`lifecycle` (up, down, status, drift), `up_all` (`up --all`: every region in order), `sandbox`, `diagnose` (doctor,
logs), `fleet`, `expand`, `init` (a new project). What they share: `options`, `up_request` (what the user of `up` asks
for, and how results are shown), `region_run` (a region opened for a command that reaches clusters), `faults` (an error
as lines and an exit code).

What takes long to import (engines, the gate, tables) is imported inside the commands: help and completion stay quick.
"""
