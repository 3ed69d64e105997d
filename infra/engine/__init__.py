"""How a plan reaches clusters, and the tree that other engines can sync."""
