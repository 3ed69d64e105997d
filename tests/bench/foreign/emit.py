"""Runs below another interpreter: writes files of YAML documents with yaml-rs and prints the seconds that takes."""

import json
import sys
import time
from pathlib import Path

import yaml_rs

documents, folder = json.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])
start = time.perf_counter()
for name, items in documents.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(map(yaml_rs.dumps, items)), encoding="utf-8")
print(time.perf_counter() - start)
