"""Kubernetes objects of every building block: pure functions from the plan to plain data.

Read `base` (manifests, objects, Helm releases, blocks and their names), `ids` (ids of objects, owners, and the
annotation that carries an owner), then `region`: all blocks, the stacks they go to, their steps and order. After it the
building blocks, a module each:

- `management`: a management cluster and its gate; `_metal3`: Ironic and the bare-metal operator.
- `gpu_cluster`: a cluster on its management cluster (Cluster API, control plane, addresses); `_machines`: templates of
  machines, their images and data, references to them, the IPPool that they take addresses from, health checks;
  `_kubeadm`: what a node runs at boot.
- `racks`: hosts, machine deployments and node labels of a rack group; `_hosts`: BareMetalHosts, BMC addresses and
  credentials, the namespace that holds them.
- `cluster_platform`: the add-on charts that a cluster gets; `_flux`: their sources and releases, and what exists before
  Flux applies; `_charts`: which ones; `_chart_values`: their Helm values, `_chart_placement`: those that choose nodes;
  `_platform_rooms`: their namespaces and what keeps others out of them; `kueue`: queues, flavours, cohorts;
  `_device_classes`: which devices queues count.
- `tenant_policy`: what is admitted of tenants' pods; `_object_rules`: of all else that tenants make; `_queue_rules`:
  what keeps them in their queues; `_lifetimes`: how long what they delete may stay;
  `_tenant_defaults`: what is filled in; `_admission`: how a policy is built.
- `fabric_network`: rails, the resources that a node offers for them, addresses.
- `storage`: classes, and tenants' credentials; `rook`: Ceph; `_storage_classes`: one class.
- `tenant`: an enclave: namespace, network policies; `_tenant_limits`: its quotas, limits and shares of storage;
  `_tenant_rights`: what its people and pipelines may do, and what every tenant may read of the cluster.

Shared: `kinds` (the table of Kubernetes kinds, plurals, scopes), `labels` (labels, annotations, taints), `fields` (what
differs between two objects). `budget` counts and sizes what a stack would hold, and says what is over its budget.
"""
