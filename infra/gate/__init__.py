"""The gate: what a change does, which rules it breaks, whether it may be made. No engine, no cluster, no terminal."""
