"""Lists: label selectors, pages with continue tokens, and answers with the metadata only."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence

from .kinds import Kind
from .values import Manifest, Request, refuse

_TERM = re.compile(
    r"(?P<not>!)?(?P<key>[A-Za-z0-9./_-]+)"
    r"(?:\s*(?P<op>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)|\s+(?P<set>in|notin)\s+\((?P<values>[^)]*)\))?$"
)
_COMMA = re.compile(r",(?![^(]*\))")
Test = Callable[[Mapping[str, str]], bool]


def selected(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels match a selector: `a`, `!a`, `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, with commas between.

    >>> selected("a=b,c", {"a": "b", "c": ""}), selected("a in (x,y),!d", {"a": "b"})
    (True, False)
    """
    return all(_term(text.strip())(labels) for text in _COMMA.split(selector) if text.strip())


def _term(text: str) -> Test:
    match = _TERM.match(text)
    if match is None:
        raise refuse(400, f"unable to parse requirement: {text!r}")
    key = match["key"]
    if match["set"]:
        values = {value.strip() for value in match["values"].split(",")}
        return lambda labels: (key in labels and labels[key] in values) == (match["set"] == "in")
    if match["op"] == "!=":
        return lambda labels: labels.get(key) != match["value"]
    if match["op"]:
        return lambda labels: labels.get(key) == match["value"]
    return lambda labels: (key in labels) != bool(match["not"])


def page(kind: Kind, objects: Sequence[Manifest], request: Request, version: int) -> Manifest:
    """One page of a list, in the form that the request accepts."""
    chosen = [item for item in objects if _is_selected(item, request)]
    start = _after(request.query.get("continue"))
    rest = [item for item in chosen if _key(item) > start]
    limit = int(request.query.get("limit") or 0) or len(rest)
    meta: Manifest = {"resourceVersion": str(version)}
    if len(rest) > limit:
        meta |= {"continue": _token(_key(rest[limit - 1])), "remainingItemCount": len(rest) - limit}
    items = rest[:limit]
    if "as=PartialObjectMetadataList" in request.header("Accept"):
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return {**head, "metadata": meta, "items": [metadata_only(item) for item in items]}
    head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version}
    return {**head, "metadata": meta, "items": [_listed(kind, item) for item in items]}


def _is_selected(item: Manifest, request: Request) -> bool:
    return selected(request.query.get("labelSelector", ""), item["metadata"].get("labels") or {})


def _listed(kind: Kind, item: Manifest) -> Manifest:
    """Entries of a list of built-in kinds don't say what they are."""
    if not kind.builtin:
        return {**item, "apiVersion": kind.api_version}
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}


def metadata_only(item: Manifest) -> Manifest:
    """An object as PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def _key(item: Manifest) -> list[str]:
    return [item["metadata"].get("namespace") or "", item["metadata"]["name"]]


def _token(key: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _after(token: str | None) -> list[str]:
    if not token:
        return ["", ""]
    try:
        key = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise refuse(400, "continue key is not valid") from None
    return [str(part) for part in key]
