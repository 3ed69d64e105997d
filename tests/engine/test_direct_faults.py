"""What goes wrong on the way: overload, broken connections, credentials, certificates, rights, addresses."""

from __future__ import annotations

import datetime as dt
import email.utils
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import (
    CONTEXTS,
    DEFINITIONS,
    PART_OF,
    TARGET,
    ContextSource,
    FactoryError,
    Halt,
    RefusedError,
    Region,
    RejectedError,
    TextSource,
    UnavailableError,
    config_map,
    connect,
    host,
    quick_timeouts,
    small_pages,
)
from tests.fake_api import faults
from tests.fake_api.access import certificate, kubeconfig, write_kubeconfig
from tests.fake_api.faults import Act
from tests.fake_api.server import FakeApi
from tests.fake_api.values import Answer, Request, status

pytestmark = pytest.mark.slow

A = "PATCH .*/configmaps/a$"


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (faults.too_many(), "Too many requests"),
        (faults.too_many(0), "HTTP 429"),
        (faults.internal(), "etcdserver: leader changed (HTTP 500)"),
        (faults.unavailable(), "apiserver is shutting down (HTTP 503)"),
        (faults.gateway(), "502 Bad Gateway"),
        (faults.not_served(), "404 page not found"),
        (faults.dropped(), "disconnected"),
        (faults.lost(), "disconnected"),
        (faults.answers(status(409, "Operation cannot be fulfilled: the object has been modified")), "modified"),
    ],
)
def test_passing_faults_are_sat_out_and_told(region: Region, act: Act, says: str) -> None:
    fault = region.api.inject(A, act, times=2)
    assert region.up(config_map("a")).complete
    assert (fault.hits, region.value("a")) == (2, "1")
    retries = region.details("retry")
    assert len(retries) == 2
    assert all(says in retry for retry in retries)


def test_slow_answers_are_asked_for_again(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_timeouts(monkeypatch, 0.5)
    fault = region.api.inject(A, faults.slow(1.0), times=1)
    assert region.up(config_map("a")).complete
    assert (fault.hits, "timed out" in region.details("retry")) == (1, True)


@pytest.mark.parametrize(
    ("act", "says", "code"),
    [
        (faults.too_many(), "the API server keeps turning requests away: .*See its load and health", 3),
        (faults.unavailable(), "keeps turning requests away: .*apiserver is shutting down", 3),
        (faults.dropped(), "can't be reached: .*See that it runs and that this machine can reach it", 3),
        (faults.internal("webhook failed"), "ConfigMap/a/a: the API server rejects it: webhook failed", 1),
    ],
)
def test_patience_ends_after_three_minutes(region: Region, act: Act, says: str, code: int) -> None:
    region.api.inject(A, act)
    begin = time.monotonic()
    with pytest.raises(FactoryError, match=says) as caught:
        region.up(config_map("a"))
    assert 160 < time.monotonic() - begin < 200
    assert caught.value.exit_code == code
    assert region.lease is not None
    assert region.lease["spec"]["holderIdentity"] == ""


@pytest.mark.parametrize(("retry_after", "least", "most"), [("7", 7, 8), ("600", 60, 61), ("soon", 0, 1)])
def test_pause_that_the_server_asks_for_is_kept(region: Region, retry_after: str, least: float, most: float) -> None:
    region.api.inject(A, faults.too_many(retry_after), times=1)
    begin = time.monotonic()
    region.up(config_map("a"))
    assert least <= time.monotonic() - begin <= most


def test_pause_until_a_date_is_kept(region: Region) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=50)
    region.api.inject(A, faults.too_many(email.utils.format_datetime(soon, usegmt=True)), times=1)
    begin = time.monotonic()
    region.up(config_map("a"))
    assert 30 < time.monotonic() - begin < 51


def test_storm_of_too_many_requests_is_sat_out(region: Region) -> None:
    refusals: dict[str, int] = {}

    def turnstile(request: Request, proceed: Any) -> Answer | None:
        refusals[request.path] = refusals.get(request.path, 0) + 1
        if refusals[request.path] <= 2:
            return Answer(code=429, headers={"Retry-After": "1" if refusals[request.path] == 1 else "0"})
        answer: Answer | None = proceed()
        return answer

    region.api.inject("PATCH .*/configmaps/c", turnstile)
    assert region.up(*(config_map(f"c{number}") for number in range(40))).complete
    assert set(refusals.values()) == {3}
    assert len(region.details("retry")) == 80


def test_fault_of_a_part_stops_the_rest(region: Region) -> None:
    region.api.inject(A, faults.forbidden("eve"))
    with pytest.raises(UnavailableError, match=r'PATCH .*/configmaps/a is forbidden: .*"eve" cannot patch resource'):
        region.up(config_map("a"), config_map("late", after=(config_map("a").id,)))
    assert region.value("late") is None


@pytest.mark.parametrize("pattern", [r"GET .*/configmaps$", r"DELETE .*/configmaps/gone$"])
def test_refusal_of_a_request_names_cluster_and_request(region: Region, pattern: str) -> None:
    region.up(config_map("gone"))
    region.api.inject(pattern, faults.invalid("Options", [("limit", "odd")]))
    method = pattern.partition(" ")[0]
    with pytest.raises(RejectedError, match=rf"{TARGET}: {method} api/v1/.*configmaps.*limit: odd.*\(HTTP 422\)"):
        region.up()


def test_list_of_a_kind_that_has_gone_is_empty(region: Region) -> None:
    region.up(host())
    region.api.inject("GET .*/baremetalhosts$", faults.answers(status(404, "the server could not find it")))
    assert region.up().deleted == []


def first_contact(file: Path, context: str = CONTEXTS[TARGET]) -> UnavailableError:
    """What a first contact ends with: one line with a remedy, and the exit code of the environment."""
    with pytest.raises(UnavailableError) as caught:
        connect(TARGET, ContextSource(context, [file]), Halt())
    assert (len(caught.value.lines), caught.value.exit_code, bool(caught.value.remedy)) == (1, 3, True)
    return caught.value


def test_server_that_can_not_be_reached_is_said_soon(region: Region) -> None:
    region.api.close()
    begin = time.monotonic()
    assert f"the API server {region.api.url} can't be reached" in str(first_contact(region.file))
    assert time.monotonic() - begin <= 5


def test_something_else_answers(region: Region) -> None:
    region.api.inject("GET version", faults.answers(Answer(body="<html>log in</html>")))
    assert "127.0.0.1 does not answer as an API server does" in str(first_contact(region.file))


@pytest.mark.parametrize("server", ["", "none"])
def test_address_that_is_none(region: Region, server: str) -> None:
    write_kubeconfig(region.file, {CONTEXTS[TARGET]: server})
    assert f"the API server {server} can't be reached: Request URL is missing" in str(first_contact(region.file))


@pytest.mark.parametrize(("server", "more"), [("https://a:b:c", {}), ("https://127.0.0.1:1", {"proxy-url": "x://[1"})])
def test_address_that_can_not_be_read(region: Region, server: str, more: dict[str, str]) -> None:
    write_kubeconfig(region.file, {CONTEXTS[TARGET]: server}, **more)
    assert "context kr-test-mgmt: the kubeconfig can't be used" in str(first_contact(region.file))


def test_wrong_context_lists_the_contexts(region: Region, tmp_path: Path) -> None:
    region.add("twin")
    assert "it has: kr-test-mgmt, twin" in str(first_contact(region.file, "prod"))
    assert "there is no kubeconfig" in str(first_contact(tmp_path / "none"))
    region.file.write_text("[")
    with pytest.raises(UnavailableError, match="not valid YAML"):
        region.up()


def test_credentials_that_are_refused(region: Region) -> None:
    region.api.tokens = {"good"}
    region.write_kubeconfig({TARGET: {"token": "stale"}})
    assert "does not accept the credentials of context kr-test-mgmt" in str(first_contact(region.file))
    region.write_kubeconfig({TARGET: {"token": "good"}})
    assert region.up().complete


def test_credentials_that_expire_during_a_run_are_read_again(region: Region) -> None:
    region.api.tokens = {"old"}
    region.write_kubeconfig({TARGET: {"token": "old"}})

    def renewed() -> None:
        region.api.tokens = {"new"}
        region.write_kubeconfig({TARGET: {"token": "new"}})

    region.once("applied", "/c0", renewed)
    needs = [config_map("c0")]
    objects = [*needs, *(config_map(f"d{number}", after=(needs[0].id,)) for number in range(20))]
    assert region.up(*objects).complete
    assert {request.header("Authorization") for request in region.api.requests} == {"Bearer old", "Bearer new"}


def test_credentials_that_a_secret_rotates(region: Region) -> None:
    region.api.tokens = {"good"}
    texts = [kubeconfig({"c": region.api}, {"c": {"token": token}}) for token in ("stale", "good")]
    source = TextSource("secret a/b", lambda: texts.pop(0) if len(texts) > 1 else texts[0])
    assert connect("train", source, Halt()).version == "v1.36.1"
    stale = TextSource("secret a/b", lambda: kubeconfig({"c": region.api}, {"c": {"token": "stale"}}))
    with pytest.raises(UnavailableError, match=r"does not accept the credentials of secret a/b. They may have expired"):
        connect("train", stale, Halt())


def test_user_without_rights(region: Region) -> None:
    region.up()
    region.api.inject("GET .*/configmaps/ai-factory", faults.forbidden())
    refusal = r'is forbidden: .*cannot get resource "configmaps".* in the namespace "kube-system".*`aifactory doctor`'
    with pytest.raises(UnavailableError, match=refusal):
        region.up()


@pytest.fixture
def secure(region: Region, tmp_path: Path) -> str:
    """The management cluster over TLS; its certificate authority."""
    own = certificate(tmp_path / "server.pem")
    region.api.close()
    region.add(TARGET, FakeApi(DEFINITIONS, tls=own.server()))
    return own.authority


def verified(region: Region, authority: str) -> None:
    region.write_kubeconfig(**{"certificate-authority-data": authority, "insecure-skip-tls-verify": False})


def test_server_that_is_trusted(region: Region, secure: str) -> None:
    verified(region, secure)
    assert region.up(config_map("a")).complete


def test_authority_that_did_not_sign_the_server(region: Region, secure: str, tmp_path: Path) -> None:
    verified(region, certificate(tmp_path / "other.pem").authority)
    fault = str(first_contact(region.file))
    assert "the API server's certificate is not trusted: self-signed certificate. The kubeconfig's" in fault


def test_certificate_of_another_address_and_one_that_has_expired(region: Region, tmp_path: Path) -> None:
    for name, words, more in (
        ("far", "IP address mismatch", {"address": "10.0.0.1"}),
        ("old", r"is not valid: certificate has expired. Renew it on the server", {"days": -1}),
    ):
        own = certificate(tmp_path / f"{name}.pem", **more)  # type: ignore[arg-type]
        server = region.add(TARGET, FakeApi(tls=own.server()))
        verified(region, own.authority)
        assert words in str(first_contact(region.file))
        server.close()


def test_page_that_has_expired_is_read_anew(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that takes longer than the server keeps its state goes on, as kubectl's does."""
    objects = [config_map(f"c{number}") for number in range(10)]
    region.up(*objects)
    small_pages(monkeypatch, 4)
    region.api.inject("GET .*/configmaps$", faults.expired())
    assert region.up(*objects).nothing_changed
    assert len(region.up().deleted) == 10


def test_member_of_a_kind_that_is_not_served_any_more_is_let_be(region: Region) -> None:
    region.up(host(), config_map("a"))
    region.delete("CustomResourceDefinition", "baremetalhosts.metal3.io", "")
    assert region.up(config_map("a")).nothing_changed
    assert PART_OF in region.live("ConfigMap", "a")["metadata"]["labels"]


def test_field_that_is_no_conflict_but_a_race_is_tried_again(region: Region) -> None:
    region.up(config_map("a"))
    region.api.inject(A, faults.answers(status(409, "the object has been modified")), times=3)
    assert region.up(config_map("a", "2")).count("changed") == 1


def test_conflict_that_comes_up_again_under_force_is_refused(region: Region) -> None:
    region.up(config_map("a"))
    region.apply_as("flux", config_map("a", "theirs"))
    region.api.inject(A, faults.invalid("ConfigMap", [("data.value", "locked")]), after=1)
    with pytest.raises(RefusedError, match=r"rejects it: .*data\.value: locked"):
        region.up(config_map("a", "2"), adopt=True)
