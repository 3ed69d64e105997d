"""What a region file must satisfy beyond its shape; each check is a small function that yields faults.

- `context`: what a check may look at.
- `references`: names that must exist, halls as the lock places clusters, and the list of all checks in order.
- `counts`: how many of each kind a region may have.
- `combinations`: what does not go together. `plausibility`: figures with a unit or a decimal point that slipped.
- `capacity`: sizes that must fit, and racks that a hall can't hold.
"""
