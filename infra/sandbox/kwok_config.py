"""kwok's configuration file: its options and the stages that it plays."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ai_factory.infra.sandbox.programs import KUBERNETES_VERSION

Stage = Mapping[str, Any]
"""A Stage document of kwok.x-k8s.io/v1alpha1, as plain data."""

_BUILTIN = Path(__file__).parent / "builtin_stages.yaml"

_OPTIONS = {
    "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
    "kind": "KwokConfiguration",
    "options": {
        # kwok's server speaks plain HTTP: it shall tell its health and nothing else.
        "enableDebuggingHandlers": False,
        # Its own defaults: kwok v0.8 sets none once it is given options, and refuses to run without these.
        "podPlayStageParallelism": 4,
        "nodePlayStageParallelism": 4,
        "nodeLeaseParallelism": 4,
        "podsOnNodeSyncParallelism": 1,
        "enablePodsOnNodeSyncListPager": True,
        "enablePodsOnNodeSyncStreamWatch": False,
    },
}


def builtin_stages() -> tuple[Stage, ...]:
    """kwok's stages of nodes and pods that every cluster has."""
    text = _BUILTIN.read_text().replace("KUBERNETES_VERSION", KUBERNETES_VERSION)
    return tuple(yaml.safe_load_all(text))


def resource(stage: Stage) -> tuple[str, str]:
    """What a kwok stage is for: group and version (`v1` or `<group>/<version>`), and kind."""
    reference = stage["spec"]["resourceRef"]
    return str(reference.get("apiGroup", "v1")), str(reference["kind"])


def split_by(stages: Iterable[Stage], served: Mapping[str, frozenset[str]]) -> tuple[list[Stage], tuple[str, ...]]:
    """Part kwok's stages: those of kinds that are served, and the names of the kinds that are not.

    `served` maps each group and version to its kinds. kwok ends at its start when one kind is not served.
    """
    good: list[Stage] = []
    left_out: set[str] = set()
    for stage in stages:
        group_version, kind = resource(stage)
        if kind in served.get(group_version, ()):
            good.append(stage)
        else:
            left_out.add(f"{group_version} {kind}")
    return good, tuple(sorted(left_out))


def render(stages: Sequence[Stage]) -> str:
    """kwok's configuration file with the built-in stages and these, in YAML."""
    return yaml.safe_dump_all([_OPTIONS, *builtin_stages(), *stages], sort_keys=False, width=10_000)
