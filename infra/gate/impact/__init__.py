"""What a change does.

`diff` (object by object, field by field), `immutable` (what can only be replaced), `blast` (what is taken away or
drained), `losses` (what needs an approval), `totals` (power, GPUs, cost).
"""
