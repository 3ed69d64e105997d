"""What is planned once and kept: a region in shards, by content.

Read `fingerprint` (what a key stands for), `outline` (a region without its objects), `shards` (a part of a region),
`store` (entries on disk) and `computing`, which answers from the store or plans anew, side by side.
"""
