"""The plan: pure functions from a region, the catalogue and its allocations to a RegionPlan."""
