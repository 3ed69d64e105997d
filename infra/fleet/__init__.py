"""All regions together: side by side, and their stacks in order for the Pulumi Kubernetes Operator.

- `settings`: what the owner decides in `stacks/fleet.yaml`. `members`: the regions that may be applied.
- `order`: waves of regions, steps of stacks, what each waits for, the name that each goes by.
- `objects`: a `Stack` object for each stack, with service accounts and the Secrets it refers to.
- `files`: those objects as a folder, and the order in words.
- `overview`: the regions side by side: sizes, address space left, further racks, what limits growth.
"""
