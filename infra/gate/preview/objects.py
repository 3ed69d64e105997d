"""Kubernetes resources of a preview as the objects that a plan has, with the same ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...objects.base import Manifest
from ...objects.ids import ObjectId, object_id
from .. import opaque
from ..impact import items
from ..rule import ObjectView
from .recording import Step, Urn

_KUBERNETES = "kubernetes:"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_ENGINE = "pulumi.com/"
"""Prefix of annotations that tell the provider what to wait for."""


def objects_of(steps: Iterable[Step]) -> tuple[ObjectView, ...]:
    """Kubernetes objects as a preview's steps declare them: of each resource the last step that says what is to be."""
    last_steps = {step.urn: step for step in steps if step.declares and step.new is not None}.values()
    return tuple(view for step in last_steps if (view := _view(step)) is not None)


def _view(step: Step) -> ObjectView | None:
    state = step.new or {}
    manifest = resource_object(step, state)
    if manifest is None:
        return None
    return ObjectView(id=id_of(step, manifest), manifest=opaque.guarded(manifest), protect=bool(state.get("protect")))


def resource_object(step: Step, state: Mapping[str, Any]) -> Manifest | None:
    """The Kubernetes object of a previewed resource in some state; None for any other resource."""
    type_ = str(state.get("type") or "")
    if not type_.startswith(_KUBERNETES) or not state.get("custom") or state.get("external"):
        return None
    return manifest_of(type_, Urn.parse(step.urn).name, state.get("inputs") or {})


def manifest_of(type_: str, name: str, inputs: Mapping[str, Any]) -> Manifest:
    """The inputs of a previewed Kubernetes resource as the object that a plan has, without what the engine adds.

    >>> manifest_of("kubernetes:core/v1:Namespace", "n", {"metadata": {"name": "acme"}})
    {'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'acme'}}
    """
    if type_ == _RELEASE:
        return _release(name, inputs)
    _, version, kind = type_.split(":", 2)
    manifest: Manifest = {"apiVersion": version.removeprefix("core/"), "kind": kind, **_without_internal(inputs)}
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict) or opaque.is_opaque(metadata):
        return {**manifest, "metadata": {"name": name}}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        own = {key: value for key, value in annotations.items() if not key.startswith(_ENGINE)}
        metadata = {key: value for key, value in metadata.items() if key != "annotations"}
        metadata.update({"annotations": own} if own else {})
    return {**manifest, "metadata": {**metadata, "name": _plain(metadata.get("name"), name)}}


def _release(name: str, inputs: Mapping[str, Any]) -> Manifest:
    options = inputs.get("repositoryOpts")
    repo = options.get("repo", "") if isinstance(options, dict) else ""
    return {
        "apiVersion": items.RELEASE_API,
        "kind": items.RELEASE_KIND,
        "metadata": {"name": _plain(inputs.get("name"), name), "namespace": _plain(inputs.get("namespace"), "")},
        "spec": {
            "repo": repo,
            **{key: inputs[key] for key in ("chart", "version", "values") if key in inputs},
        },
    }


def _plain(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) and value and not opaque.is_opaque(value) else otherwise


def _without_internal(value: Any) -> Any:
    """Data without the keys that the provider keeps for itself (`__initialApiVersion` and the like)."""
    if isinstance(value, dict):
        return {key: _without_internal(inner) for key, inner in value.items() if not key.startswith("__")}
    return [_without_internal(inner) for inner in value] if isinstance(value, list) else value


def id_of(step: Step, manifest: Manifest) -> str:
    """Id of a previewed resource's object, `<target>/<Kind>.<group>/<namespace>/<name>`; its provider is the target."""
    return item_id(_target(step), manifest)


def item_id(target: str, manifest: Manifest) -> str:
    """Id of a previewed object on a cluster, the same that a plan gives it."""
    if manifest["apiVersion"] == items.RELEASE_API and manifest["kind"] == items.RELEASE_KIND:
        return str(ObjectId.chart(target, manifest["metadata"]["namespace"], manifest["metadata"]["name"]))
    meta = manifest["metadata"]
    named = {**manifest, "metadata": {"name": meta["name"], "namespace": _plain(meta.get("namespace"), "")}}
    return object_id(target, named)


def _target(step: Step) -> str:
    state = step.new or step.old or {}
    provider = step.provider or str(state.get("provider") or "")
    return Urn.parse(provider.rpartition("::")[0]).name if provider else ""
