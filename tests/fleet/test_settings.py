"""stacks/fleet.yaml: read with lines, and what is wrong said with how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_factory.infra.fleet import settings
from ai_factory.infra.fleet.settings import FILE, Fleet, Wave, load
from ai_factory.infra.spec._base import Model
from ai_factory.infra.spec.descriptions import descriptions
from ai_factory.infra.spec.problems import InputError
from tests import regionfile
from tests.fleet.conftest import COMMIT, SETTINGS, write_settings

KNOWN = ["kr-haein", "kr-ulsan", "lab"]


def test_the_file_of_the_repository_is_good() -> None:
    fleet = load(regionfile.REPOSITORY, ["kr-dsx-1", "kr-haein", "kr-ulsan", "lab"])
    assert [(wave.name, names) for wave, names in fleet.members(KNOWN)] == [
        ("trial", ["lab"]), ("canary", ["kr-haein"]), ("production", ["kr-ulsan"]),
    ]  # fmt: skip
    assert fleet.project == "ai-factory"


def test_the_project_is_that_of_pulumi_yaml_unless_said(project: Path) -> None:
    write_settings(project)
    assert load(project, KNOWN).project == "factory"
    write_settings(project, project="other")
    assert load(project, KNOWN).project == "other"


def test_no_file(project: Path) -> None:
    with pytest.raises(InputError, match=r"stacks/fleet\.yaml: there is no such file: .* Write it like the example"):
        load(project, KNOWN)


def test_every_fault_at_once_each_with_its_line(project: Path) -> None:
    file = project / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        "source: {repo: ftp://x}\nbackend: s3://state\nworkspace: {}\nstacks_at_once: 0\n"
        'refresh: "no"\nstacks_at_onze: 3\nwaves: []\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load(project, KNOWN)
    lines = str(caught.value).splitlines()
    for number, (line, text) in enumerate(
        [
            (1, "source.repo: not the address of a git repository"),
            (3, "workspace.image: is missing. Add it: Image with the Pulumi CLI"),
            (4, "stacks_at_once: must be at least 1"),
            (5, "refresh: true or false is expected"),
            (6, "stacks_at_onze: no such key here. Did you mean stacks_at_once?"),
            (7, "waves: at least 1 is expected"),
        ]
    ):
        assert lines[number].startswith(f"stacks/fleet.yaml:{line}: {text}"), lines
    assert len(lines) == 6


SOURCE = SETTINGS["source"]
SECRET = {"secret": "a", "key": "b"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": SOURCE | {"branch": "main"}}, "give a branch or a commit, not both"),
        ({"source": SOURCE | {"commit": "abc"}}, r"source.commit: not a commit \(given: 'abc'\). Give its whole hash"),
        ({"source": SOURCE | {"token": SECRET, "ssh_key": SECRET}}, "give a token or an ssh_key, not both"),
        ({"source": SOURCE | {"repo": "https://me:pw@git.example/x"}}, "no user or password in the address"),
        ({"backend": "https://api.pulumi.example"}, "PULUMI_ACCESS_TOKEN is missing"),
        ({"backend": "file:///state"}, "state in files of a workspace goes with its pod"),
        ({"backend": "state"}, "not a URL"),
        ({"secrets": {}}, "give a secrets_provider, or PULUMI_CONFIG_PASSPHRASE"),
        ({"secrets": SETTINGS["secrets"] | {"KUBECONFIG": SECRET}}, "KUBECONFIG is set by the fleet itself"),
        ({"secrets": {"PULUMI_CONFIG_PASSPHRASE": "hunter2"}}, "secrets.PULUMI_CONFIG_PASSPHRASE: keys and values"),
        ({"secrets": {"passphrase": SECRET}}, "not the name of an environment variable"),
        ({"waves": [{"name": "a"}, {"name": "b"}]}, "only one wave may leave out its regions, not a, b"),
        ({"waves": [{"name": "a", "regions": ["lab"]}, {"name": "a"}]}, "waves named more than once: a"),
        (
            {"waves": [{"name": "a", "regions": ["lab"]}, {"name": "b", "regions": ["lab"]}]},
            "regions in more than one wave: lab",
        ),
        (
            {"waves": [{"name": "a", "regions": ["kr-x"]}, {"name": "b"}]},
            r"waves\[0\].regions\[0\]: there is no region kr-x",
        ),
        ({"waves": [{"name": "a", "regions": ["lab"]}]}, "waves: no wave has kr-haein, kr-ulsan. Name them in a wave"),
        ({"waves": [{"name": "a", "approved": COMMIT[:7]}]}, r"waves\[0\].approved: not a commit"),
        ({"resync_seconds": 10}, "resync_seconds: must be at least 60"),
        ({"namespace": "Fleet"}, "namespace: not a legal Kubernetes name"),
    ],
)  # fmt: skip
def test_what_does_not_fit(project: Path, changes: dict[str, Any], message: str) -> None:
    write_settings(project, **changes)
    with pytest.raises(InputError, match=message):
        load(project, KNOWN)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": SOURCE | {"repo": "https://me:hunter2@git.example/x"}},
        {"source": SOURCE | {"token": "hunter2"}},
        {"backend": "https://me:hunter2@pulumi.example"},
        {"secrets": {"PULUMI_CONFIG_PASSPHRASE": "hunter2"}},
    ],
)
def test_a_secret_is_never_repeated_in_a_fault(project: Path, changes: dict[str, Any]) -> None:
    write_settings(project, **changes)
    with pytest.raises(InputError) as caught:
        load(project, KNOWN)
    assert "hunter2" not in str(caught.value)


def test_every_setting_says_what_it_is() -> None:
    models: list[type[Model]] = [
        value for value in vars(settings).values() if isinstance(value, type) and issubclass(value, Model)
    ]
    undescribed = [
        f"{model.__name__}.{key}" for model in models for key in model.model_fields.keys() - descriptions(model)
    ]

    assert {Fleet, Wave} <= set(models)
    assert undescribed == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("resync_seconds: !!int soon\n", "fleet.yaml:1: resync_seconds: the tag '!!int' is not used here"),
        ("resync_seconds: 0144\n", "fleet.yaml:1: resync_seconds: a number in base 8"),
        ("namespace: fleet # all\u2028resync_seconds: 60\n", r"fleet.yaml:1: the character U\+2028"),
    ],
)
def test_what_yaml_hides_is_refused(project: Path, text: str, fault: str) -> None:
    (project / "stacks" / "fleet.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=fault):
        load(project, KNOWN)


@pytest.mark.parametrize("text", ["runtime: python\n", "name: 1\n"])
def test_a_project_without_a_name_is_a_fault_of_its_file(project: Path, text: str) -> None:
    write_settings(project)
    (project / "Pulumi.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=r"Pulumi.yaml.*name: is missing, or no text"):
        load(project, KNOWN)
