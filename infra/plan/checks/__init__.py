"""What a region file must satisfy beyond its shape; each check is a small function that yields faults.

Read `context` (what a check may look at), then `references` (names, and the list of all checks), `combinations` (what
does not go together) and `capacity` (sizes that must fit).
"""
