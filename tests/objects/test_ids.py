"""Ids of objects and their owners, made and parsed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ai_factory.infra.objects import ids
from ai_factory.infra.objects.ids import OWNER, UNKNOWN, ObjectId, Subject, owner_of

RACK = ids.rack("train-r0001", "train")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("m/Namespace//acme", ("m", "Namespace", "", "", "acme")),
        ("m/Deployment.apps/b/a", ("m", "Deployment", "apps", "b", "a")),
        ("m/BareMetalHost.metal3.io/train/u01", ("m", "BareMetalHost", "metal3.io", "train", "u01")),
        ("m/ClusterRole.rbac.authorization.k8s.io//a/b", ("m", "ClusterRole", "rbac.authorization.k8s.io", "", "a/b")),
    ],
)
def test_an_id_is_parsed_as_it_is_written(text: str, parts: tuple[str, ...]) -> None:
    assert ObjectId.parse(text) == parts
    assert str(ObjectId(*parts)) == text


@pytest.mark.parametrize("text", ["", "m", "m/Namespace", "m/Namespace/acme"])
def test_text_that_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unpack"):
        ObjectId.parse(text)


def test_parts_that_are_not_given_are_empty() -> None:
    assert ObjectId("m", "Namespace") == ("m", "Namespace", "", "", "")


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("tenant/acme", ids.tenant("acme")),
        ("management/hub", ids.management("hub")),
        ("storage/lake", ids.storage("lake")),
        ("cluster/train", ids.cluster("train")),
        ("cluster/train/rack/train-r0001", RACK),
        ("", UNKNOWN),
        ("tenant", UNKNOWN),
        ("tenant/", UNKNOWN),
        ("/acme", UNKNOWN),
        ("cluster/train/rack", UNKNOWN),
    ],
)
def test_an_owner_is_parsed_as_it_is_written(path: str, subject: Subject) -> None:
    assert Subject.parse(path) == subject
    assert subject is UNKNOWN or subject.path == path


def test_an_owner_names_all_that_holds_it() -> None:
    assert RACK.names == ("rack/train-r0001", "cluster/train")
    with pytest.raises(dataclasses.FrozenInstanceError):
        RACK.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"metadata": None},
        {"metadata": {}},
        {"metadata": {"annotations": None}},
        {"metadata": {"annotations": {}}},
        {"metadata": {"annotations": {OWNER: ""}}},
        {"metadata": {"annotations": {"owner": "tenant/acme"}}},
    ],
)
def test_an_object_that_names_no_owner_has_an_unknown_one(manifest: dict[str, Any]) -> None:
    assert owner_of(manifest) is UNKNOWN


def test_an_object_carries_its_owner_and_what_it_had_before() -> None:
    manifest = {"kind": "A", "metadata": {"name": "a", "annotations": {"b": "c"}}}

    applied = ids.owned(manifest, RACK)

    assert owner_of(applied) == RACK
    assert applied["metadata"]["annotations"] == {"b": "c", OWNER: "cluster/train/rack/train-r0001"}
    assert manifest == {"kind": "A", "metadata": {"name": "a", "annotations": {"b": "c"}}}, "shared values stay"
