"""Checks a manifest as the API server would: real CRD schemas for custom kinds, the API's own types for core kinds.

`validate(manifest)` returns what is wrong, empty if nothing is. Stricter than the server in four ways:
unknown fields are errors (the server prunes them), only the storage version is right, `status` and `None`
values must not be emitted, and quantities are strings. CEL rules (`x-kubernetes-validations`) are not
evaluated here; the live tests do that.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

SHARED = Path(os.environ.get("AIFACTORY_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SKIP_REASON = "shared reference folder absent"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_DNS_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_LABEL_NAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
_ROOT = ("apiVersion", "kind", "metadata")
_MAX_ANNOTATIONS_BYTES = 256 * 1024


def crd_folder() -> Path:
    """Folder of the real CRDs; skips the test where it is absent."""
    folder = SHARED / "crds"
    if not folder.is_dir():
        pytest.skip(SKIP_REASON)
    return folder


def validate(manifest: dict[str, Any]) -> list[str]:
    """What is wrong with a manifest: lines `<Kind>/<name>: <path>: <fault>`; an unknown kind is a fault."""
    where = f"{manifest.get('kind', '?')}/{manifest.get('metadata', {}).get('name', '?')}"
    missing = [key for key in _ROOT if not manifest.get(key)]
    if missing:
        return [f"{where}: {key}: is missing" for key in missing]
    faults = [*_nulls(manifest, ""), *_metadata(manifest)]
    if "status" in manifest:
        faults.append("status: belongs to the controller")
    faults += _custom(manifest) if is_custom(manifest["apiVersion"]) else _core(manifest)
    return [f"{where}: {fault}" for fault in faults]


def is_custom(api_version: str) -> bool:
    """Whether an API version belongs to a CRD: core groups have no dot, or end in .k8s.io and are in the client."""
    return _api_class(api_version) is None


# Both -------------------------------------------------------------------------------------------------------


def _nulls(value: Any, path: str) -> list[str]:
    if value is None:
        return [f"{path}: is null; leave it out"]
    if isinstance(value, dict):
        bad = [f"{path}: key {key!r} is not text" for key in value if not isinstance(key, str)]
        return bad + [fault for key, inner in value.items() for fault in _nulls(inner, f"{path}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [fault for index, inner in enumerate(value) for fault in _nulls(inner, f"{path}[{index}]")]
    if not isinstance(value, str | int | float | bool):
        return [f"{path}: {type(value).__name__} is not JSON data"]
    return []


def _metadata(manifest: dict[str, Any]) -> list[str]:
    meta = manifest["metadata"]
    faults = _model("V1ObjectMeta", meta, "metadata")
    pattern, longest = (_DNS_LABEL, 63) if manifest["kind"] in ("Namespace", "Service") else (_SUBDOMAIN, 253)
    if manifest["apiVersion"].startswith("rbac.authorization.k8s.io/"):
        pattern = re.compile(r"^[^/%]+$")
    name = meta.get("name", "")
    if not pattern.match(name) or len(name) > longest:
        faults.append(f"metadata.name: {name!r} is not a legal name")
    for key, value in meta.get("labels", {}).items():
        faults += _key(key, "labels")
        if len(value) > 63 or (value and not _LABEL_NAME.match(value)):
            faults.append(f"metadata.labels.{key}: {value!r} is not a legal label value")
    annotations = meta.get("annotations", {})
    faults += [fault for key in annotations for fault in _key(key, "annotations")]
    if sum(len(key) + len(str(value)) for key, value in annotations.items()) > _MAX_ANNOTATIONS_BYTES:
        faults.append("metadata.annotations: more than 256 KiB")
    return faults


def _key(key: str, field: str) -> list[str]:
    prefix, _, name = key.rpartition("/")
    good = len(name) <= 63 and _LABEL_NAME.match(name) and (not prefix or _SUBDOMAIN.match(prefix))
    return [] if good else [f"metadata.{field}: {key!r} is not a legal key"]


def _scope(manifest: dict[str, Any], namespaced: bool) -> list[str]:
    has = "namespace" in manifest["metadata"]
    if has == namespaced:
        return []
    return ["metadata.namespace: is missing" if namespaced else "metadata.namespace: the kind is cluster-scoped"]


# Custom kinds -----------------------------------------------------------------------------------------------


@functools.cache
def crd_index() -> dict[tuple[str, str], Path]:
    """File of each CRD by group and kind."""
    index = {}
    for path in sorted(crd_folder().glob("*/*.yaml")):
        kind = re.search(r"^    kind: (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert kind, path
        index[path.name.removesuffix(".yaml").partition(".")[2], kind[1]] = path
    return index


@functools.cache
def crd(group: str, kind: str) -> dict[str, Any] | None:
    """The CRD of a kind, None if the folder has none."""
    path = crd_index().get((group, kind))
    return None if path is None else yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)


@functools.cache
def _validator(group: str, version: str, kind: str) -> jsonschema.Draft202012Validator | str:
    definition = crd(group, kind)
    if definition is None:
        return f"no CRD of {kind}.{group} is known"
    versions = {entry["name"]: entry for entry in definition["spec"]["versions"]}
    if version not in versions or not versions[version]["served"]:
        return f"apiVersion: version {version} is not served; served: {', '.join(versions)}"
    if not versions[version]["storage"]:
        return f"apiVersion: version {version} is not the storage version"
    schema = _closed(versions[version]["schema"]["openAPIV3Schema"])
    schema["properties"] = {**schema.get("properties", {}), "metadata": {"type": "object"}}
    schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    schema["additionalProperties"] = False
    return jsonschema.Draft202012Validator(schema)


def _closed(schema: Any) -> Any:
    """A structural schema as JSON schema with pruned fields refused."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: _closed(value)
        for key, value in schema.items()
        if key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "not")
    }
    keep = (
        "type enum pattern minimum maximum minLength maxLength minItems maxItems minProperties maxProperties required"
    )
    made |= {key: schema[key] for key in (*keep.split(), "uniqueItems", "multipleOf") if key in schema}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive):
            made[exclusive] = made.pop(bound)
    if "properties" in schema:
        made["properties"] = {name: _closed(inner) for name, inner in schema["properties"].items()}
    if schema.get("x-kubernetes-int-or-string"):
        made = {key: value for key, value in made.items() if key not in ("type", "anyOf")} | {
            "type": ["integer", "string"]
        }
    elif schema.get("x-kubernetes-preserve-unknown-fields"):
        made.pop("additionalProperties", None)
    elif schema.get("type") == "object" and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    if schema.get("x-kubernetes-embedded-resource"):
        made["properties"] = {**made.get("properties", {}), **{key: {} for key in _ROOT}}
    return made


def _custom(manifest: dict[str, Any]) -> list[str]:
    group, _, version = manifest["apiVersion"].rpartition("/")
    validator = _validator(group, version, manifest["kind"])
    if isinstance(validator, str):
        return [validator]
    errors = sorted(validator.iter_errors(manifest), key=lambda error: [str(part) for part in error.path])
    faults = [
        f"{'.'.join(str(part) for part in error.absolute_path) or '.'}: {error.message[:300]}" for error in errors
    ]
    definition = crd(group, manifest["kind"])
    assert definition is not None
    return faults + _scope(manifest, definition["spec"]["scope"] == "Namespaced")


# Core kinds -------------------------------------------------------------------------------------------------


@functools.cache
def _api_class(api_version: str) -> type | None:
    """Class of the `kubernetes` client that serves an API group and version, None for custom groups."""
    from kubernetes import client

    group, _, version = api_version.rpartition("/")
    group = group.removesuffix(".k8s.io") or "core"
    if "." in group and group not in ("rbac.authorization", "flowcontrol.apiserver", "internal.apiserver"):
        return None
    words = "".join(part.capitalize() for part in group.split("."))
    return getattr(client, f"{words}{version.capitalize()}Api", None)


def _core(manifest: dict[str, Any]) -> list[str]:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", manifest["kind"]).lower()
    api = _api_class(manifest["apiVersion"])
    namespaced = hasattr(api, f"create_namespaced_{snake}")
    if not namespaced and not hasattr(api, f"create_{snake}"):
        return [f"kind: {manifest['apiVersion']} has no {manifest['kind']}"]
    version = manifest["apiVersion"].rpartition("/")[2]
    body = {key: value for key, value in manifest.items() if key != "metadata"}
    return _model(f"{version.capitalize()}{manifest['kind']}", body, "") + _scope(manifest, namespaced)


def _model(name: str, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: an object is expected, not {value!r}"]
    types, required = _shape(name)
    faults = [f"{path}.{key}: no such field in {name}".lstrip(".") for key in value if key not in types]
    faults += [f"{path}.{key}: is missing".lstrip(".") for key in required if key not in value]
    for key, inner in value.items():
        if key in types:
            faults += _typed(types[key], inner, f"{path}.{key}".lstrip("."))
    return faults


@functools.cache
def _shape(name: str) -> tuple[dict[str, str], list[str]]:
    """JSON fields of a model with their types, and those that are required."""
    from kubernetes import client

    model = getattr(client, name)
    types = {model.attribute_map[attribute]: kind for attribute, kind in model.openapi_types.items()}
    required = [
        model.attribute_map[attribute]
        for attribute, field in model.model_fields.items()
        if attribute in model.attribute_map and field.is_required()
    ]
    return types, required


_PLAIN: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def _typed(kind: str, value: Any, path: str) -> list[str]:
    if kind == "object":
        return []
    if kind in _PLAIN:
        good = isinstance(value, _PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if good else [f"{path}: {kind} is expected, not {value!r}"]
    if kind in ("datetime", "bytes"):
        return [] if isinstance(value, str) else [f"{path}: text is expected, not {value!r}"]
    if kind.startswith("List["):
        if not isinstance(value, list):
            return [f"{path}: a list is expected, not {value!r}"]
        return [fault for n, inner in enumerate(value) for fault in _typed(kind[5:-1], inner, f"{path}[{n}]")]
    if kind.startswith("Dict["):
        if not isinstance(value, dict):
            return [f"{path}: an object is expected, not {value!r}"]
        inner_kind = kind[5:-1].partition(", ")[2]
        return [fault for key, inner in value.items() for fault in _typed(inner_kind, inner, f"{path}.{key}")]
    return _model(kind, value, path)
