"""The command line `aifactory`: a thin face that opens regions, calls the rooms below, and says what came of it.

Read `main` first (the program and the commands on region files), then a module for each group of commands: `gate`,
`lifecycle` (up, down, status, drift), `sandbox`, `diagnose` (doctor, logs), `fleet`, `expand`. What they share stands
in `options`, `work` (a region opened for engines) and `lazy`, which keeps start-up quick.
"""
