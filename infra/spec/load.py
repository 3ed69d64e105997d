"""Loads a file into its model, a region file above all; every fault becomes a line that says how to mend it."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pydantic

from . import source
from ._file import Region
from .credentials import WithheldError
from .descriptions import descriptions
from .problems import InputError, Problem
from .source import Document, Path_

M = typing.TypeVar("M", bound=pydantic.BaseModel)


def load(path: Path, within: Path | None = None) -> tuple[Region, Document]:
    """Read and validate a region file.

    Args:
        path: the file.
        within: folder that it must stand in with all links followed; any if None.

    Returns:
        The region, and the document that knows the line of every path.

    Raises:
        InputError: every fault of the file, each with path, line, rule, given value and remedy.
    """
    document = source.read(path, within)
    return validate(document), document


def validate(document: Document) -> Region:
    """The region of a parsed document (InputError with all faults if it does not fit)."""
    return validate_as(Region, document)


def validate_as(model: type[M], document: Document) -> M:
    """Any pydantic model of a parsed document (InputError with all faults if it does not fit)."""
    try:
        return model.model_validate(document.data)
    except pydantic.ValidationError as error:
        faults = error.errors(include_url=False)
        raise InputError(_problem(model, document, fault) for fault in faults if not _follows(fault, faults)) from None


def _follows(fault: Any, faults: Sequence[Any]) -> bool:
    """Whether a fault only follows from others: a list counts as empty where none of its items is valid."""
    loc = fault["loc"]
    return fault["type"] == "too_short" and any(loc == other["loc"][: len(loc)] != other["loc"] for other in faults)


def _problem(model: type[pydantic.BaseModel], document: Document, details: Any) -> Problem:
    path = _real_path(document.data, details["loc"])
    kind = details["type"]
    if kind == "missing":
        return document.problem(path, "is missing", remedy=_describe(model, path) or "add it")
    if kind == "extra_forbidden":
        return document.problem(path, "no such key here", remedy=_did_you_mean(model, path))
    if kind == "value_error":
        error = details["ctx"]["error"]
        withheld = "args" in path or isinstance(error, WithheldError)
        return document.problem(path, str(error), given=None if withheld else _leaf(details["input"]))
    message, remedy = _explain(kind, details)
    return document.problem(path, message, remedy=remedy, given=None if "args" in path else _leaf(details["input"]))


def _real_path(data: Any, loc: tuple[Any, ...]) -> Path_:
    """The location without pydantic's own markers (names of unions and validators)."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(data, dict) and (part in data or last):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            continue
        path.append(part)
    return tuple(path)


def _leaf(value: Any) -> Any:
    return None if isinstance(value, dict | list) else value


_RULES = {
    "int_parsing": "a whole number is expected",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "bool_type": "true or false is expected",
    "bool_parsing": "true or false is expected",
    "string_type": "text is expected; put it in quotes",
    "tuple_type": "a list is expected",
    "model_type": "keys and values are expected",
    "dict_type": "keys and values are expected",
    "too_short": "at least {min_length} is expected",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "finite_number": "must be a finite number",
    "literal_error": "must be one of {expected}",
}
_PATTERNS = {
    r"^[a-z]([-a-z0-9]*[a-z0-9])?$": (
        "not a legal Kubernetes name",
        "use lower-case letters, digits and dashes, starting with a letter",
    ),
    r"^[A-Z]{2}$": ("not a country code", "use two capital letters (ISO 3166-1), such as KR"),
    r"^v\d+\.\d+\.\d+$": ("not a full version", "write it like v1.36.1"),
    r"^https://[^\s]+$": ("not an https URL", "write it like https://api.example:6443"),
    r"^https?://[^\s]+\.(qcow2|raw|iso)$": ("not the URL of an image", "write it like https://images.kr/gpu.qcow2"),
    r"^([0-9a-f]{64}|[0-9a-f]{128}|https?://[^\s]+)$": (
        "not a checksum",
        "give SHA-256 or SHA-512 in lower-case hex, or the URL of a checksum file",
    ),
    r"^/redfish/v1/Systems/[^\s/]+$": ("not the Redfish path of a host", "write it like /redfish/v1/Systems/1"),
    r"^[^*]+/": ("an approval names what may be lost", "begin with its kind, such as tenant/acme or rack/train-a-*"),
    r"^[A-Z]{3}$": ("not a currency", "use three capital letters (ISO 4217), such as KRW"),
    r"^(https://|ssh://|git@)[^\s]+$": (
        "not the address of a git repository",
        "write it like https://git.example/team/factory.git or git@git.example:team/factory.git",
    ),
    r"^[a-z0-9]+://[^\s]+$": ("not a URL", "write it like s3://bucket/path or https://pulumi.example"),
    r"^[0-9a-f]{40}$": ("not a commit", "give its whole hash of 40 lower-case hex digits (git rev-parse HEAD)"),
    r"^[A-Z_][A-Z0-9_]*$": ("not the name of an environment variable", "write it like PULUMI_ACCESS_TOKEN"),
    r"^[^\s@]{1,253}$": ("not a host name or address", "leave out spaces, and users with their passwords"),
}


def _explain(kind: str, details: Any) -> tuple[str, str]:
    context = {key: f"{v:g}" if isinstance(v, float) else v for key, v in details.get("ctx", {}).items()}
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return _PATTERNS.get(pattern, (f"does not match {pattern}", "see `aifactory schema`"))
    if kind in ("too_short", "too_long") and isinstance(details["input"], str):
        kind = f"string_{kind}"
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "must not be empty", ""
    if kind in _RULES:
        return _RULES[kind].format(**context), ""
    return str(details["msg"]).removeprefix("Value error, "), ""


def _model_at(root: type[pydantic.BaseModel], path: Path_) -> type[pydantic.BaseModel] | None:
    model: Any = root
    for part in path:
        if isinstance(part, int):
            continue
        model = _inner_model(model.model_fields[part].annotation) if part in model.model_fields else None
        if model is None:
            return None
    return typing.cast("type[pydantic.BaseModel]", model)


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    if typing.get_origin(annotation) in (tuple, types.UnionType, typing.Union):
        inner = (_inner_model(argument) for argument in typing.get_args(annotation))
        return next((model for model in inner if model is not None), None)
    return None


def _did_you_mean(root: type[pydantic.BaseModel], path: Path_) -> str:
    model = _model_at(root, path[:-1])
    keys = sorted(model.model_fields) if model else []
    close = difflib.get_close_matches(str(path[-1]), keys, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known keys: {', '.join(keys)}" if keys else "remove it"


def _describe(root: type[pydantic.BaseModel], path: Path_) -> str:
    model = _model_at(root, path[:-1])
    name = str(path[-1]) if path else ""
    if model is None or name not in model.model_fields:
        return ""
    text = descriptions(model).get(name, "").split("\n")[0]
    return f"add it: {text}"
