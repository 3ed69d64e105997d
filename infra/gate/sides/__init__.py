"""The two sides of a change.

- `trees`: both sides laid out as folders, by git; the work tree alone.
- `region_pairs`: each region on both sides, planned.
- `outside`: what no change can write: where a cache may lie.
- `own_code`: plans a base by its own copy of this package: asks another process, and is that process.
"""
