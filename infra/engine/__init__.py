"""How a plan reaches clusters, by one of two engines, and the tree that other engines can sync.

- `protocol`: what an engine does; `options`, `report`: what goes in and what comes out, object by object.
- `progress`: what is told meanwhile, and how it is shown; `runlog`: what is kept of it, a file a run.
- `declared`: a region's objects by stack and cluster, and charts that an engine can't install.
- `clusters`: connections to a region's clusters, with kubeconfig secrets of Cluster API; `samples`: the guard of hosts
  that are made up; `consent`: programs that a region file names, run only where the user allowed them.
- `direct` and `automation` (Pulumi) are the engines. Both use `concurrency` (work side by side, several faults as one),
  `interrupts` (Ctrl-C, SIGTERM) and `origins` (what brings a kind that a cluster lacks).
- `isolation`: whether an API server keeps tenants apart: no tenant comes to one that does not.
- `doctor`: whether tools, clusters, rights and folders are there.
- `render`: the YAML tree for Flux or Argo CD, and any tree of files written in place of an earlier one.
"""
