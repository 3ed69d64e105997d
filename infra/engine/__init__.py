"""How a plan reaches clusters, by one of two engines, and the tree that other engines can sync.

Read `protocol` (what an engine does), `options` and `report` (what goes in and out), `progress` and `runlog` (what is
told meanwhile), `declared` (a region's objects by stack and cluster), `clusters` (its connections) with `samples` (the
guard of made-up hosts); then the engines, `direct` and `automation` (Pulumi), which share `concurrency` and `origins`
(what brings a kind). `doctor` looks whether all is there, `render` writes the tree.
"""
