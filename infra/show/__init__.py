"""How results are shown: tables for a terminal, plain data for programs. Nothing here judges or sizes.

Read `data` (plans and previews as JSON) and `tables` (the same on a terminal), then `verdicts` (what `check` says),
`regions_table` (all regions on one screen) and `lifecycle` (runs, health, drift, doctor, sandbox). The gate's verdict
has its own room, `gate`.
"""
