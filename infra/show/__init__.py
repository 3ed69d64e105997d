"""How results are shown: tables for a terminal, plain data for programs. Nothing here judges or sizes.

- `data`: plans and previews as JSON data: totals, hosts, what would be declared by stack.
- `screen`: lines in a style, and the width of the screen.
- `tables`: consoles and tables for any command; small tables of the sizing calculators.
- `summary`: a planned region in one line.
- `plans`: a plan on a terminal, table by table, its notices; what `pulumi up` would declare.
- `verdicts`: what `check` says of regions, as JSON data and on a terminal.
- `regions_table`: all regions on one screen, and as JSON data.
- `runs`: reports of an engine's runs, and what a run would do (`up`, `up --dry-run`, `down`).
- `live_objects`: health (`status`) and differences from the plan (`drift`) of objects on clusters, field by field.
- `environment`: findings of `doctor`, and processes of the sandbox.

The gate's verdict has its own room, `gate`.
"""
