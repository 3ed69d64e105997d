"""How many of everything, from published tables: sizing calculators that need no region.

`fabric` counts the switches and cables of a compute fabric, `facility` the racks, nodes and GPUs that a site's power
holds.
"""
