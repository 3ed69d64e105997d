"""From a region file to everything that has to exist: spec, catalogue, plan, objects, engines."""
