"""How many of everything, from published tables.

`fabric` counts switches and cables, `facility` the racks that a site's power holds.
"""
