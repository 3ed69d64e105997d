"""The server over HTTP: faults, tokens, certificates; and the clock."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx2
import pytest

from . import faults
from .access import certificate
from .clock import Clock
from .server import FakeApi
from .test_apply import config_map

PATH = "api/v1/namespaces/a/configmaps"


def get(api: FakeApi, path: str = PATH, **more: object) -> httpx2.Response:
    return httpx2.get(f"{api.url}/{path}", trust_env=False, **more)  # type: ignore[arg-type]


def test_faults_strike_by_pattern_and_number(api: FakeApi) -> None:
    fault = api.inject("GET .*/configmaps$", faults.too_many(1), times=1, after=1)
    assert [get(api).status_code for _ in range(3)] == [200, 429, 200]
    assert (fault.hits, get(api, "api/v1/namespaces/a").status_code) == (1, 200)
    api.inject("GET", faults.unavailable())
    assert get(api).json()["reason"] == "ServiceUnavailable"
    api.heal()
    assert get(api).status_code == 200


@pytest.mark.parametrize(
    ("act", "code", "text"),
    [
        (faults.too_many(7), 429, "Too many requests"),
        (faults.internal(), 500, "InternalError"),
        (faults.gateway(), 502, "Bad Gateway"),
        (faults.unauthorized(), 401, "Unauthorized"),
        (faults.forbidden("eve"), 403, 'User \\"eve\\" cannot get resource \\"configmaps\\"'),
        (faults.invalid("ConfigMap", [("data.a", "too long")]), 422, '"field":"data.a"'),
        (faults.not_served(), 404, "404 page not found"),
    ],
)
def test_answers_of_faults(api: FakeApi, act: faults.Act, code: int, text: str) -> None:
    api.inject(".", act)
    answer = get(api)
    assert (answer.status_code, text in answer.text) == (code, True)


def test_old_continue_token_is_gone(api: FakeApi) -> None:
    api.inject("GET", faults.expired())
    assert get(api, params={"limit": "1"}).status_code == 200
    assert get(api, params={"continue": "x"}).json()["reason"] == "Expired"


@pytest.mark.parametrize(("act", "is_done"), [(faults.dropped(), False), (faults.lost(), True)])
def test_connection_breaks_before_or_after_the_request_is_done(api: FakeApi, act: faults.Act, is_done: bool) -> None:
    api.inject("POST", act)
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(f"{api.url}/{PATH}", json=config_map(), trust_env=False)
    assert (api.get("ConfigMap", "c", "a") is not None) == is_done


def test_slow_answers_time_out(api: FakeApi) -> None:
    api.inject("GET", faults.slow(0.2), times=1)
    with pytest.raises(httpx2.ReadTimeout):
        get(api, timeout=0.01)


def test_others_act_before_and_after(api: FakeApi) -> None:
    api.inject("GET", faults.meanwhile(lambda: api.create(config_map())), times=1)
    assert len(get(api).json()["items"]) == 1
    api.inject("GET", faults.afterwards(lambda: api.call("DELETE", f"{PATH}/c")), times=1)
    assert len(get(api).json()["items"]) == 1
    assert get(api).json()["items"] == []


def test_tokens(api: FakeApi) -> None:
    api.tokens = {"good"}
    assert get(api).status_code == 401
    assert get(api, headers={"Authorization": "Bearer good"}).status_code == 200


def test_closed_server_hangs_up_and_can_not_be_reached(api: FakeApi) -> None:
    with httpx2.Client(base_url=api.url, trust_env=False) as client:
        assert client.get("version").json() == {"gitVersion": "v1.36.1"}
        api.close()
        with pytest.raises(httpx2.TransportError):
            client.get("version")


def test_certificate_is_trusted_by_whom_is_given_it(tmp_path: Path) -> None:
    made_here = certificate(tmp_path / "server.pem")
    with FakeApi(tls=made_here.server()) as api:
        import ssl

        trusting = ssl.create_default_context(cafile=str(made_here.file))
        assert get(api, "version", verify=trusting).status_code == 200
        with pytest.raises(httpx2.ConnectError, match="self-signed"):
            get(api, "version")


def test_unknown_paths_are_not_served(api: FakeApi) -> None:
    for path in ("metrics", "apis/none/v1/things", "apis/none/v1", "api/v1/namespaces/a/nodes"):
        assert (get(api, path).status_code, get(api, path).text) == (404, "404 page not found\n")


def test_clock_moves_where_somebody_waits_and_lets_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, beats, done = Clock(), [], threading.Event()
    clock.install(monkeypatch)
    begin = time.monotonic()

    def beat() -> None:
        while not done.wait(4.0):
            beats.append(time.monotonic() - begin)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    while not clock.is_asleep(thread):
        pass
    time.sleep(10)
    assert (time.monotonic() - begin, beats) == (10, [4, 8])
    assert not threading.Event().wait(600)
    assert len(beats) == 152
    done.set()
    thread.join()
    assert done.wait(1)
