"""What an apply did to an object."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ..report import Result
from .fields import own_entry

_RECENT_SECONDS = 5
_OWN_METADATA = ("generation", "labels", "annotations")
"""What of the metadata an apply can change, and the generation, which stands for the spec."""


def result_of(before: Mapping[str, Any] | None, after: Mapping[str, Any], now: dt.datetime) -> Result:
    """What an apply did, from the object's metadata before and after it.

    Others may have changed the object between, so another resourceVersion alone says little. What has a generation
    (custom kinds, and most that have a spec) is as it was if that, labels, annotations and the fields that we own are;
    the API server sometimes stamps our entry in managedFields anew although nothing changed. What has none is judged
    by that stamp, which is to the second: within one, it can't be told apart.

    Args:
        before: metadata before; None if it was not there.
        after: metadata after.
        now: the time.
    """
    if before is None:
        return "created"
    if before.get("resourceVersion") == after.get("resourceVersion"):
        return "unchanged"
    old, new = own_entry(before), own_entry(after)
    if old is None or new is None or old.get("fieldsV1") != new.get("fieldsV1"):
        return "changed"
    if before.get("generation") and all(before.get(key) == after.get(key) for key in _OWN_METADATA):
        return "unchanged"
    if old.get("time") != new.get("time"):
        return "changed"
    age = now - dt.datetime.fromisoformat(str(new.get("time")))
    return "changed" if abs(age.total_seconds()) < _RECENT_SECONDS else "unchanged"
