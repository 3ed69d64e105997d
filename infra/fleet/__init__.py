"""All regions together: side by side, and their stacks in order for the Pulumi Kubernetes Operator.

Read `settings` (what the owner decides in `stacks/fleet.yaml`), `members` (the regions that may be applied), `order`
(waves of regions, steps of stacks, and what each waits for), `objects` (a `Stack` object for each stack), `files`
(those objects as a folder). `overview` sets the regions side by side: sizes, what is left, what limits growth.
"""
