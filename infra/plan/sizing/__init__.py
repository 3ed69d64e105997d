"""How many of everything: `fabric` counts switches and cables, `site` the racks that a site's power holds, and
`quantities` what each cluster of a region asks for before anything is given out.
"""
