"""A Kubernetes client by itself: it knows clusters, not regions.

Read `kubeconfig` and `access` (from a context, a command or a secret to a connection), `credentials`, `transport` (one
connection), `api` (requests, with `retry`, and `errors` that say what went wrong), `discovery` (the kinds that a server
has), `cluster` (a server that answers), `readiness` (whether an object is ready), `lease` (one run at a time),
`stopping` (ending between two requests) and `loopback` (what is a sandbox on this machine).
"""
