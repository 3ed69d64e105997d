"""The command line `aifactory`: a thin face that opens regions, calls the rooms below, and says what came of it.

- `main`: the program, and the commands that need a region file only: check, plan, preview, render, schema, allocate,
  inventory, regions, size.
- `gate`: judging a change. `expand`: the next region. `init`: a new project. `fleet`: the order of all stacks.
- `lifecycle`: up, down, status, drift. `up_all`: `up --all`. `diagnose`: doctor, logs. `sandbox`: its commands.
- `options`: options and completions that commands share. `region_run`: a region opened for a command that reaches
  clusters. `up_request`: what the user of `up` asks for. `faults`: an error as lines and an exit code. `ci_log`: lines
  that a pipeline would take for commands. `streams`: output whose reader may go.

What takes long to import (engines, the gate, tables) is imported inside the commands: help and completion stay quick.
"""

import gc

_OBJECTS = 50_000
"""New objects before a look for cycles among them: imports make half a million values that stay, and looking at all of
them at every 700th took a tenth of a command's start."""

gc.set_threshold(max(_OBJECTS, gc.get_threshold()[0]))
