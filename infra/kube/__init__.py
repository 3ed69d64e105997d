"""A Kubernetes client by itself: it knows clusters, not regions.

Read `kubeconfig` (files, entries, their CAs) and `access` (from a context, a command or a secret to a connection),
`credentials` (of users, expired ones), `transport` (one connection), `api` (requests), `retry` (which are sent again,
when), `errors` (faults of transport, reach and access in words), `discovery` (kinds that a server has), `cluster` (the
first contact), `readiness` (conditions, whether an object is ready), `lease` (one run at a time), `stopping` (ending
between two requests), `loopback` (this machine).
"""
