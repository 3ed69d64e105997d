"""What the locks of dependencies hold, judged without a network: `make audit` asks for known vulnerabilities.

Read `lockfile` (Python), `gomod` (Go) and `licences`; `asked` names the locks and the files that they answer. The
first two give the faults of a text as sentences: the tests beside them hold every lock of the repository to no fault,
and show each fault in a lock that was spoilt.
"""
