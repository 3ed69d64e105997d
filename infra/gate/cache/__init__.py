"""What is planned once and kept: a region in shards, by content.

- `fingerprint`: digests: of the package's code, data and templates, and of parts as the key of an entry.
- `outline`: a region without its objects: its light plan, facts, lock lines, keys of shards; its waivers and approvals
  as plain text.
- `shards`: a region cut into parts; the key of a part, its plan and objects.
- `seal`: the key by which a user's own entries are told from all others.
- `store`: entries on disk, in the user's folder; object records packed as bytes.
- `computing`: answers from the store or plans anew, side by side, and tells its progress.
"""
