"""The gate: what a change does, which rules it breaks, whether it may be made. No engine, no cluster, no terminal.

Read `records` (what is compared, judged and kept), then `run`, which calls the rooms in their order: `sides` (both
sides of a change), `cache` (regions planned once, in shards), `impact` (what differs and what is lost), `rules`, and
`judge` (the verdict). `preview` judges what the Pulumi engine would do. `rule` says what a rule is and looks at;
`opaque` stands for values that a preview hides.
"""
