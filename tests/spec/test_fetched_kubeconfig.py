"""A kubeconfig from a cluster is data: nothing of it runs, or reads files, on the machine that fetches it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ai_factory.infra.spec.fetched_kubeconfig import reaches_out, refusal


def text(user: Any = None, cluster: Any = None) -> str:
    users, clusters = [{"name": "admin", "user": user}], [{"name": "train", "cluster": cluster}]
    return json.dumps({"apiVersion": "v1", "kind": "Config", "users": users, "clusters": clusters})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("exec", {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh"}),
        ("auth-provider", {"name": "gcp", "config": {"cmd-path": "sh"}}),
        ("tokenFile", "/home/u/.ssh/id_ed25519"),
        ("client-certificate", "/home/u/client.crt"),
        ("client-key", "/home/u/client.key"),
    ],
)
def test_what_of_a_user_reaches_out_is_named(key: str, value: object) -> None:
    assert reaches_out(text(user={key: value})) == f"users[admin].{key}"


def test_what_of_a_cluster_reaches_out_is_named() -> None:
    assert (
        reaches_out(text(cluster={"certificate-authority": "/etc/shadow"})) == "clusters[train].certificate-authority"
    )


def test_all_of_it_is_named_at_once() -> None:
    given = text(user={"exec": {"command": "sh"}, "tokenFile": "/x"}, cluster={"certificate-authority": "/y"})

    assert reaches_out(given) == "users[admin].exec, users[admin].tokenFile, clusters[train].certificate-authority"


@pytest.mark.parametrize(
    "plain",
    [
        text(user={"token": "t", "client-certificate-data": "x", "client-key-data": "y"}),
        text(
            user={"exec": None, "tokenFile": ""},
            cluster={"server": "https://10.0.0.1", "certificate-authority-data": "z"},
        ),
        "users: 7",
        "users: [7, {user: 8}]",
        "nothing of use",
        "",
    ],
)
def test_plain_data_and_what_is_no_kubeconfig_pass(plain: str) -> None:
    assert reaches_out(plain) is None


@pytest.mark.parametrize(
    ("hides", "why"),
    [
        ("users: [{name: a, user: !x {exec: {command: sh}}}]", "the tag '!x' is not used here"),
        ("users: []\nusers: [{name: a, user: {exec: {command: sh}}}]", "the key 'users' is given twice"),
        ("users: [{name: a, user: {exec: {command: sh}}}", "not valid YAML"),
        ("users: " + "[" * 100_000, "nested too deeply"),
        ("users: [{name: a, user: {\u200bexec: {command: sh}}}]", "can't be seen"),
        ("users: [{name: a, user: {token: 0123456789}}]", "a number in base 8"),
    ],
)
def test_what_other_readers_may_see_otherwise_does_not_pass(hides: str, why: str) -> None:
    """The Pulumi provider reads with Go's YAML, which takes tags that it knows nothing of for nothing."""
    said = reaches_out(hides)

    assert said is not None
    assert why in said
    assert "0123456789" not in said


def test_certificates_and_tokens_of_any_length_are_plain() -> None:
    lines = "".join(f"        {'QUJD' * 16}\n" for _ in range(60))

    assert reaches_out(f"users:\n- name: a\n  user:\n    client-key-data: |\n{lines}    token: {'t' * 5000}\n") is None


def test_the_refusal_says_whose_it_is_and_how_to_mend_it() -> None:
    message, remedy = refusal("secret train/train-kubeconfig on hub", "users[admin].exec")

    assert message.startswith(
        "the kubeconfig of secret train/train-kubeconfig on hub would run a program or read files"
    )
    assert message.endswith("users[admin].exec")
    assert "certificates and tokens themselves" in remedy
