"""Kubernetes objects of every building block: pure functions from the plan to plain data.

Read `base` (object, Helm release, block), `ids` (ids and owners), then `region`: all blocks, the stacks they go to and
their order. After it the building blocks, a module each:

- `management`: a management cluster and its gate; `_metal3`: Ironic and the bare-metal operator.
- `gpu_cluster` and `racks`: a cluster on its management cluster, and its hosts; `_machines` (templates, health checks),
  `_kubeadm` (what a node runs at boot), `_hosts` (BareMetalHosts, BMC credentials).
- `cluster_platform`: add-ons; `_flux` (their sources and releases), `_chart_values`, `kueue` (queues), `tenant_policy`
  (admission).
- `fabric_network`: rails and their addresses.
- `storage`: classes and credentials; `rook` (Ceph), `_storage_classes`.
- `tenant`: an enclave.

Shared: `kinds` (the table of Kubernetes kinds), `labels` (labels, annotations, taints). `budget` counts and sizes what
a stack would hold.
"""
