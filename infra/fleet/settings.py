"""What the owner of a fleet decides, in `stacks/fleet.yaml`: pydantic models, read with line numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from ..spec import source
from ..spec._base import Flag, Model, Name, Names, NoCredentials, Text, Visible, Whole, not_bool
from ..spec.load import validate_as
from ..spec.problems import InputError, Problem
from ..spec.source import Document, display_name

_PRIVATE = ("secrets", "backend", "source.repo", "source.token", "source.ssh_key")

FILE = Path("stacks") / "fleet.yaml"

Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Repository = Annotated[str, StringConstraints(pattern=r"^(https://|ssh://|git@)[^\s]+$", max_length=500), Visible]
Url = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+://[^\s]+$", max_length=500), Visible, NoCredentials]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$", max_length=100)]


def _no_credentials(url: str) -> str:
    """Secrets travel by reference: an address with a password would lie in git and in every object."""
    scheme, mark, rest = url.partition("://")
    user = rest.partition("/")[0].rpartition("@")[0]
    if mark and (":" in user or (user and scheme == "https")):
        raise ValueError("no user or password in the address; name a Secret under source.token or source.ssh_key")
    return url


def _kept(url: str) -> str:
    if url.startswith("file:"):
        raise ValueError("state in files of a workspace goes with its pod; name a backend that outlives it")
    return url


class SecretKey(Model):
    """A value in a Secret, which the owner of the fleet makes in its namespace."""

    secret: Name
    """Name of the Secret."""
    key: Text
    """Key within it."""


class Source(Model):
    """Git repository of this project, as the operator reads it."""

    repo: Annotated[Repository, AfterValidator(_no_credentials)]
    """Address of the repository."""
    folder: Text | None = None
    """Folder of Pulumi.yaml, where that is not the repository's root."""
    branch: Text | None = None
    """Branch to follow. The operator holds no order between two commits of a branch, and none can be approved."""
    commit: Commit | None = None
    """Commit to deploy; mostly given by `aifactory fleet --commit`."""
    token: SecretKey | None = None
    """Access token of a private repository."""
    ssh_key: SecretKey | None = None
    """Private key of a private repository."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Source:
        if self.branch is not None and self.commit is not None:
            raise ValueError("give a branch or a commit, not both")
        if self.token is not None and self.ssh_key is not None:
            raise ValueError("give a token or an ssh_key, not both")
        return self


class Wave(Model):
    """Regions that may be updated once every wave before has succeeded."""

    name: Name
    """Name of the wave."""
    regions: Names | None = None
    """Its regions, which go by name; all that no other wave names if left out."""
    approval: Literal["required", "none"] | None = None
    """Whether a commit has to be approved for this wave; required where a region protects its objects if left out."""
    approved: Commit | None = None
    """The commit that may be applied. Any other is previewed only, in this wave and in all behind it."""


class Workspace(Model):
    """The pod that runs `pulumi up` for a stack; it goes once the stack has succeeded."""

    image: Text
    """Image with the Pulumi CLI and Python 3.11 or later; runs without root."""
    cpu_millicores: Annotated[int, Field(ge=100, le=64_000), BeforeValidator(not_bool)] = 500
    """CPU that is requested."""
    memory_mib: Annotated[int, Field(ge=256, le=262_144), BeforeValidator(not_bool)] = 2048
    """Memory that is requested, and the limit."""


class Fleet(Model):
    """How the fleet runs on the Pulumi Kubernetes Operator."""

    source: Source
    """Where the operator finds this project."""
    backend: Annotated[Url, AfterValidator(_no_credentials), AfterValidator(_kept)]
    """Where state is kept: Pulumi Cloud, s3://, azblob:// or gs://."""
    organization: Text | None = None
    """Organisation of the backend; stacks go by their plain name if left out, as self-hosted backends want it."""
    project: Text | None = None
    """Project of the stacks; the name in Pulumi.yaml if left out."""
    secrets_provider: Url | None = None
    """Key of a cloud's key service that encrypts secrets in the state; a passphrase in `secrets` if left out."""
    secrets: dict[Variable, SecretKey] = Field(default_factory=dict)
    """Environment of the workspaces, by reference: tokens, passphrase, credentials of the backend."""
    kubeconfig_secrets: Annotated[Name, Field(max_length=20)] = "kubeconfig"
    """Secrets `<this>-<region>` hold the kubeconfig (key `config`) with the contexts that the region file names."""
    namespace: Name = "ai-factory-fleet"
    """Namespace of the fleet, on the cluster of the operator."""
    service_account: Name = "ai-factory-workspace"
    """Identity of the workspaces; it may review tokens and nothing else."""
    workspace: Workspace
    """Pods that run the updates."""
    resync_seconds: Annotated[int, Field(ge=60, le=604_800), BeforeValidator(not_bool)] = 600
    """How often a branch is looked at; with `correct_drift` also how often an update is run anew."""
    correct_drift: Flag = False
    """Run updates anew although the commit is the same."""
    refresh: Flag = False
    """Refresh the state before each update."""
    stacks_at_once: Annotated[Whole, Field(ge=1, le=64)] = 4
    """Stacks of a region that a rollout updates side by side."""
    regions_at_once: Annotated[Whole, Field(ge=1, le=64)] = 2
    """Regions of a wave that a rollout updates side by side."""
    succeeded_within_hours: Annotated[Whole, Field(ge=1, le=8760)] = 24
    """How old the success of a wave may be for the next to begin; older stacks are updated again first."""
    waves: Annotated[tuple[Wave, ...], Field(min_length=1, max_length=99)]
    """Order of the regions: a canary first, then the rest."""

    @model_validator(mode="after")
    def _backend_is_open(self) -> Fleet:
        if self.backend.startswith("https://"):
            if "PULUMI_ACCESS_TOKEN" not in self.secrets:
                raise ValueError("secrets: PULUMI_ACCESS_TOKEN is missing, which this backend asks for")
        elif self.secrets_provider is None and "PULUMI_CONFIG_PASSPHRASE" not in self.secrets:
            raise ValueError("give a secrets_provider, or PULUMI_CONFIG_PASSPHRASE in secrets")
        if taken := sorted({"KUBECONFIG", "PULUMI_BACKEND_URL"} & set(self.secrets)):
            raise ValueError(f"secrets: {', '.join(taken)} is set by the fleet itself; remove it")
        return self

    @model_validator(mode="after")
    def _waves_fit(self) -> Fleet:
        names = [wave.name for wave in self.waves]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"waves named more than once: {', '.join(twice)}")
        rests = [wave.name for wave in self.waves if wave.regions is None]
        if len(rests) > 1:
            raise ValueError(f"only one wave may leave out its regions, not {', '.join(rests)}")
        named = [region for wave in self.waves for region in wave.regions or ()]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"regions in more than one wave: {', '.join(twice)}")
        return self

    def at(self, commit: str) -> Fleet:
        """The same fleet at a commit."""
        return self.model_copy(update={"source": self.source.model_copy(update={"commit": commit, "branch": None})})

    def members(self, region_names: Sequence[str]) -> list[tuple[Wave, list[str]]]:
        """The waves with those of these regions that belong to each, by name."""
        named = {region for wave in self.waves for region in wave.regions or ()}
        rest = [name for name in region_names if name not in named]
        return [
            (wave, sorted(rest if wave.regions is None else [name for name in wave.regions if name in region_names]))
            for wave in self.waves
        ]


def load(root: Path, region_names: Sequence[str]) -> Fleet:
    """Read the fleet's settings, `stacks/fleet.yaml`.

    Args:
        root: folder of Pulumi.yaml.
        region_names: names of all regions that have a file.

    Raises:
        InputError: no such file, or every fault in it.
    """
    path = root / FILE
    if not path.is_file():
        message = "there is no such file: it says where the fleet runs and in which order its regions go"
        remedy = "write it like the example in the repository of this package (stacks/fleet.yaml)"
        raise InputError([Problem(file=display_name(path), message=message, remedy=remedy)])
    document = source.read(path)
    fleet = _validated(document)
    if problems := list(_unknown(fleet, document, region_names)):
        raise InputError(problems)
    return fleet if fleet.project else fleet.model_copy(update={"project": _project(root)})


def _validated(document: Document) -> Fleet:
    """What may be a secret that was written in the wrong place is not repeated in a log."""
    try:
        return validate_as(Fleet, document)
    except InputError as error:
        private = [problem.path.startswith(_PRIVATE) for problem in error.problems]
        raise InputError(
            dataclasses.replace(problem, given=None) if hide else problem
            for problem, hide in zip(error.problems, private, strict=True)
        ) from None


def _unknown(fleet: Fleet, document: Document, region_names: Sequence[str]) -> Iterator[Problem]:
    for number, wave in enumerate(fleet.waves):
        for index, name in enumerate(wave.regions or ()):
            if name not in region_names:
                path, remedy = ("waves", number, "regions", index), f"known: {', '.join(region_names)}"
                yield document.problem(path, f"there is no region {name}", remedy=remedy)
    missed = sorted(set(region_names) - {name for _, names in fleet.members(region_names) for name in names})
    if missed:
        remedy = "name them in a wave, or leave out `regions` of the last one"
        yield document.problem(("waves",), f"no wave has {', '.join(missed)}", remedy=remedy)


def _project(root: Path) -> str:
    document = source.read(root / "Pulumi.yaml")
    if not isinstance(document.data.get("name"), str):
        raise InputError([document.problem(("name",), "is missing, or no text", remedy="name the project")])
    return str(document.data["name"])
