"""The Pulumi engine with its Automation API in the place of mocks: environment, configuration, events, faults."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from pulumi import automation

from ai_factory.infra.engine.automation import lifecycle as pulumi_engine
from ai_factory.infra.engine.automation.cli import environment, find_cli
from ai_factory.infra.engine.automation.lifecycle import PulumiLifecycle
from ai_factory.infra.engine.options import Options
from ai_factory.infra.engine.progress import Event
from ai_factory.infra.engine.report import Report
from ai_factory.infra.errors import FactoryError, RefusedError, UnavailableError
from ai_factory.infra.objects.region import stack_names
from ai_factory.infra.spec.problems import InputError
from tests.objects.conftest import make_plan


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state" / "ai-factory" / "pulumi"


def test_missing_cli_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"not on PATH.*--engine direct"):
        find_cli()


def test_state_and_passphrase_are_made_once_and_private(home: Path) -> None:
    first = environment({})
    assert first["PULUMI_BACKEND_URL"] == (home / "state").as_uri()
    file = Path(first["PULUMI_CONFIG_PASSPHRASE_FILE"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = file.read_text()
    assert len(secret) >= 32
    assert (environment({}), file.read_text()) == (first, secret)


def test_what_the_user_says_comes_first(home: Path) -> None:
    given = {"PULUMI_BACKEND_URL": "s3://bucket", "PULUMI_CONFIG_PASSPHRASE": "x"}
    assert environment(given) == {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    assert not home.exists()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: ai-factory\nruntime: python\nmain: infra\n")
    text = "config: {ai-factory:wait: true, ai-factory:mine: 1}\nsecretsprovider: awskms://key\n"
    (tmp_path / "stacks" / "Pulumi.kr-test.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def stack(mocker: Any) -> Any:
    return mocker.patch.object(automation, "select_stack").return_value


def lifecycle(root: Path, **more: Any) -> PulumiLifecycle:
    return PulumiLifecycle(plan=more.pop("plan", None) or make_plan(), root=root, **more)


def test_flags_go_into_a_file_of_their_own(root: Path, stack: Any) -> None:
    before = (root / "stacks" / "Pulumi.kr-test.yaml").read_text()
    plan = dataclasses.replace(make_plan(), sample_inventory=True)
    lifecycle(root, plan=plan, options=Options(adopt=True, wait=False)).up(["kr-test"])
    settings = yaml.safe_load(Path(stack.up.call_args.kwargs["config_file"]).read_text())
    assert settings["config"] == {
        "ai-factory:region": "kr-test", "ai-factory:mine": 1, "ai-factory:adopt": "true", "ai-factory:wait": "false",
        "ai-factory:sandbox": "true",
    }  # fmt: skip
    assert (settings["secretsprovider"], stack.up.call_args.kwargs["show_secrets"]) == ("awskms://key", False)
    assert (root / "stacks" / "Pulumi.kr-test.yaml").read_text() == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("config: {ai-factory:mine: 1:30}", "a number in base 60 for some readers"),
        ("config: {ai-factory:mine: !!python/name:os.system x}", "the tag"),
        ("config: {a: 1}\nconfig: {b: 1}", "the key 'config' is given twice"),
        ("- a", "keys and values are expected"),
        ("config: [a", "not valid YAML"),
        ("config: " + "[" * 100_000, "nested too deeply"),
    ],
)
def test_settings_that_readers_take_in_several_ways_are_not_written_again(
    root: Path, stack: Any, text: str, says: str
) -> None:
    """What is read here is written for Pulumi, whose reader is another one: 1:30 would come out as 90."""
    (root / "stacks" / "Pulumi.kr-test.yaml").write_text(text)
    with pytest.raises(InputError, match=says):
        lifecycle(root).up(["kr-test"])
    assert not stack.up.called


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/hostname"])
def test_settings_are_a_plain_file_of_the_project(root: Path, stack: Any, target: str) -> None:
    file = root / "stacks" / "Pulumi.kr-test.yaml"
    file.unlink()
    file.symlink_to(target)
    with pytest.raises(InputError, match="stands outside the project"):
        lifecycle(root).up(["kr-test"])


def test_settings_without_content_and_long_secrets_are_fine(root: Path, stack: Any) -> None:
    file = root / "stacks" / "Pulumi.kr-test.yaml"
    for text in ("", "# none yet\n", f"config:\n  a: {{secure: '{'x' * 5000}'}}\n  b: |\n    two\n    lines\n"):
        file.write_text(text)
        lifecycle(root).up(["kr-test"])
    settings = yaml.safe_load(Path(stack.up.call_args.kwargs["config_file"]).read_text())
    assert (len(settings["config"]["a"]["secure"]), settings["config"]["b"]) == (5000, "two\nlines\n")


def test_new_stack_is_made_away_from_the_project(root: Path, mocker: Any, home: Path) -> None:
    fault = automation.StackNotFoundError(automation.CommandResult("", "no stack named x found", 255))
    mocker.patch.object(automation, "select_stack", side_effect=[fault, mocker.Mock()])
    command = mocker.patch.object(automation, "PulumiCommand").return_value
    lifecycle(root).up(["kr-test"])
    words, folder, _ = command.run.call_args.args
    assert words == ["stack", "init", "kr-test", "--no-select", "--secrets-provider", "awskms://key"]
    assert folder == str(home / "settings")


def test_checkpoints_are_skipped_for_racks_only(root: Path, mocker: Any) -> None:
    select = mocker.patch.object(automation, "select_stack")
    plan = make_plan(layout="split")
    lifecycle(root, plan=plan).up(stack_names(plan))
    skipped = {
        call.kwargs["stack_name"] for call in select.call_args_list
        if "PULUMI_SKIP_CHECKPOINTS" in call.kwargs["opts"].env_vars
    }  # fmt: skip
    assert skipped == {"kr-test.train.0"}


def test_down_goes_backwards_and_takes_protection_off_only_when_told(root: Path, mocker: Any) -> None:
    select = mocker.patch.object(automation, "select_stack")
    plan = make_plan(layout="split")
    lifecycle(root, plan=plan).down(stack_names(plan))
    order = [call.kwargs["stack_name"] for call in select.call_args_list]
    assert order[-1] == "kr-test"
    assert order.index("kr-test.train.0") > order.index("kr-test.train")
    assert not select.return_value.workspace.pulumi_command.run.called
    lifecycle(root, plan=plan, options=Options(force_protected=True)).down(["kr-test"])
    assert select.return_value.workspace.pulumi_command.run.call_args.args[0][:2] == ["state", "unprotect"]


def event(op: str, type_: str, name: str) -> Any:
    metadata = SimpleNamespace(type=type_, urn=f"urn:pulumi:s::p::{type_}::{name}", op=SimpleNamespace(value=op))
    return SimpleNamespace(res_outputs_event=SimpleNamespace(metadata=metadata), diagnostic_event=None)


def test_events_are_counted_and_told(root: Path, stack: Any) -> None:
    told: list[Event] = []

    def up(on_event: Any, **_: Any) -> None:
        on_event(event("create", "pulumi:pulumi:Stack", "s"))
        on_event(event("create", "ai-factory:index:RackGroup", "r"))
        on_event(event("create", "kubernetes:core/v1:Namespace", "a"))
        on_event(event("same", "kubernetes:core/v1:ConfigMap", "b"))
        on_event(event("delete", "kubernetes:core/v1:ConfigMap", "c"))

    stack.up.side_effect = up
    (report,) = lifecycle(root, listener=told.append).up(["kr-test"])
    assert report.results == {"core/v1:Namespace a": "created", "core/v1:ConfigMap b": "unchanged"}
    assert (report.deleted, str(report)) == (["core/v1:ConfigMap c"], "1 created, 1 deleted, 1 unchanged")
    assert [one.what for one in told] == ["begin", "applied", "applied", "deleted", "end"]


@pytest.mark.parametrize(
    ("what", "instead"),
    [("status", "aifactory status"), ("drift", "aifactory drift"), ("release", "aifactory up --engine direct --adopt")],
)
def test_what_it_can_not_do_is_refused_with_what_to_use(root: Path, what: str, instead: str) -> None:
    with pytest.raises(RefusedError, match=f"^the Pulumi engine .*`{instead}`"):
        getattr(lifecycle(root), what)(["kr-test"])


def test_preview_counts(root: Path, stack: Any) -> None:
    stack.preview.side_effect = lambda on_event, **_: on_event(event("create", "kubernetes:core/v1:Namespace", "a"))
    preview = lifecycle(root).preview(["kr-test"])
    assert (preview.differences, preview.refused) == (None, False)
    assert [str(report) for report in preview.reports] == ["1 created"]


def test_lock_is_explained_with_the_command_that_breaks_it(root: Path, stack: Any, home: Path) -> None:
    stack.up.side_effect = automation.ConcurrentUpdateError(automation.CommandResult("", "locked", 255))
    with pytest.raises(RefusedError) as caught:
        lifecycle(root).up(["kr-test"])
    assert f"PULUMI_BACKEND_URL={(home / 'state').as_uri()} pulumi cancel kr-test" in str(caught.value)


def test_fault_of_the_program_is_told_without_its_traceback(root: Path, stack: Any) -> None:
    def up(on_event: Any, **_: Any) -> None:
        text = "<{%fg 1%}>error: kr-test: the lock file lacks cluster/x<{%reset%}>"
        on_event(
            SimpleNamespace(res_outputs_event=None, diagnostic_event=SimpleNamespace(severity="error", message=text))
        )
        raise automation.CommandError(automation.CommandResult("", "error: update failed", 255))

    stack.up.side_effect = up
    with pytest.raises(FactoryError, match=r"^kr-test: pulumi failed: error: kr-test: the lock file lacks cluster/x\."):
        lifecycle(root).up(["kr-test"])


def test_last_line_of_a_failed_command() -> None:
    error = automation.CommandError(automation.CommandResult("", "warning: x\nerror: incorrect passphrase\n", 255))
    assert pulumi_engine._last_line(error) == "incorrect passphrase"


def test_many_faults_are_told_in_a_line() -> None:
    events = pulumi_engine.PulumiEvents(Report(stack="s", target=""), lambda event: None)
    for number in (1, 2, 2, 3, 4, 5):
        text = f"object {number} exists\n\nThis can happen when:\n- you rename it"
        events(
            SimpleNamespace(res_outputs_event=None, diagnostic_event=SimpleNamespace(severity="error", message=text))
        )
    assert events.summary() == "object 1 exists; object 2 exists; object 3 exists; and 2 more"
