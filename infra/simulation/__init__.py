"""A region played in the sandbox: `region` starts its clusters, `nodes` makes the nodes that its racks would have."""
