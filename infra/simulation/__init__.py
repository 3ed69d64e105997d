"""A region played in the sandbox, with simulated hardware.

Read `region` (an API server for each of its clusters, with kinds, kubeconfigs and stages), then `nodes` (the nodes that
its racks would register).
"""
