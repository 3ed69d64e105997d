"""From records to a verdict.

- `verdict`: what the gate says of a change: the records, their exit code, which findings block, the order of findings.
- `standing`: a region as it stands, with no change to look at: its findings, and the verdict of `check` on it.
- `decisions`: a region's approvals and waivers: which come with the change, which of those count.
- `project_files`: files beside the region files that a change touches.
- `plain_yaml`: reads those that are YAML, and refuses what readers of YAML do not agree on.
- `region`: a region under change, from its two sides to its verdict; all regions together.

What a rule is stands in `gate.rule`; the rules themselves, and what runs them, in `gate.rules`.
"""
