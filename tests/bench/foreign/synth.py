"""Runs below another interpreter: a cdk8s app of the objects in a file, each an ApiObject, written to a folder."""

import json
import sys
from pathlib import Path

from cdk8s import ApiObject, ApiObjectMetadata, App, Chart, JsonPatch

objects = json.loads(Path(sys.argv[1]).read_bytes())
app = App(outdir=sys.argv[2])
chart = Chart(app, "objects")
for number, found in enumerate(objects):
    rest = {key: value for key, value in found.items() if key not in ("apiVersion", "kind", "metadata")}
    made = ApiObject(
        chart,
        f"o{number}",
        api_version=found["apiVersion"],
        kind=found["kind"],
        metadata=ApiObjectMetadata(**found["metadata"]),
    )
    if rest:  # an ApiObject takes no other keys in Python: this is the way that its documentation names
        made.add_json_patch(*(JsonPatch.add(f"/{key}", value) for key, value in rest.items()))
app.synth()
