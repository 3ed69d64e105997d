"""The two sides of a change.

- `git`: git, asked in the project's folder.
- `versions`: which code plans each side.
- `project`: which project a change is of, whatever it takes away.
- `trees`: both sides laid out as folders, by git; the work tree alone.
- `settings`: what a project demands of every change (`stacks/gate.yaml`).
- `region_pairs`: each region on both sides, planned.
- `outside`: what no change can write: where a cache may lie.
- `own_code`: plans a base by its own copy of this package: asks another process, and is that process.
"""
