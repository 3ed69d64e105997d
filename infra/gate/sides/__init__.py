"""The two sides of a change.

`trees` lays both out as folders, by git; `region_pairs` has each region on both sides, planned; `own_code` plans a base
by its own copy of this package.
"""
