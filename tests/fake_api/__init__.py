"""A Kubernetes API server for tests; start with `server.FakeApi`, then `faults` and `clock`."""
