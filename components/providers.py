"""Kubernetes providers of a region's clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi

from ai_factory.infra.kube import kubeconfig
from ai_factory.infra.plan.model import RegionPlan

from . import _kubernetes as kubernetes
from ._kubeconfig import read_secret
from ._manifest import Registry


class ClusterProviders(Mapping[str, pulumi.ProviderResource]):
    """Provider by cluster name, made when it is first asked for: a stack holds only those that it uses.

    Each has a fixed `cluster_identifier`, so that a new address or credential of an API server updates the provider
    instead of replacing every object. Server-side apply never forces: fields that operators own stay theirs.

    Args:
        plan: the region, whose `access` says how each cluster is reached. Plain: it decides which providers there are.
        registry: what the program has declared so far; a new one if left out, which components take from here. Plain,
            as all that decides what depends on what.
        root: folder that `ca_file` is relative to: that of Pulumi.yaml if left out, else the working directory. Plain:
            files are read before anything runs.
        kubeconfigs: kubeconfig by cluster, in the place of `access`: text that may come from another resource of the
            program. Its current context is used, and it is kept as a secret.
        adopt: take over objects that exist already, such as after a lost checkpoint or the direct engine.
        parent: resource that the providers belong to.

    Raises:
        ValueError: `kubeconfigs` names a cluster that the region does not have.

    Example:
        >>> kubeconfig = pulumi.Output.secret("apiVersion: v1")  # or what another resource puts out
        >>> providers = ClusterProviders(plan, kubeconfigs={"train-a": kubeconfig})
        >>> storage = Storage("hps", StorageArgs(plan=plan, cluster="train-a", providers=providers))
    """

    registry: Registry
    """What the program has declared so far."""

    def __init__(
        self,
        plan: RegionPlan,
        registry: Registry | None = None,
        *,
        root: Path | None = None,
        kubeconfigs: Mapping[str, pulumi.Input[str]] | None = None,
        adopt: pulumi.Input[bool] = False,
        parent: pulumi.Resource | None = None,
    ) -> None:
        self.registry = Registry() if registry is None else registry
        self._plan = plan
        self._root = _project_root() if root is None else root
        self._kubeconfigs = dict(kubeconfigs or {})
        self._adopt = adopt
        self._parent = parent
        managements = [management.name for management in plan.management]
        self._targets = [*managements, *(cluster.name for cluster in plan.clusters)]
        self._providers: dict[str, pulumi.ProviderResource] = {}
        if unknown := sorted(self._kubeconfigs.keys() - set(self._targets)):
            raise ValueError(
                f"kubeconfigs names {', '.join(unknown)}; region {plan.name} has {', '.join(self._targets)}"
            )

    def __getitem__(self, target: str) -> pulumi.ProviderResource:
        """The provider of a cluster.

        Raises:
            KeyError: the region has no such cluster.
            InputError: its `ca_file` can't be read.
        """
        if target not in self._targets:
            raise KeyError(target)
        if target not in self._providers:
            self._providers[target] = self._make(target)
        return self._providers[target]

    def __contains__(self, target: object) -> bool:
        return target in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

    def _make(self, target: str) -> pulumi.ProviderResource:
        return kubernetes.Provider(
            target,
            **self._access(target),
            cluster_identifier=f"{self._plan.name}/{target}",
            enable_server_side_apply=True,
            enable_patch_force=False,
            # Otherwise a changed ConfigMap is deleted and made anew under its readers.
            enable_config_map_mutable=True,
            delete_unreachable=False,
            skip_update_unreachable=False,
            upsert_existing_objects=self._adopt,
            suppress_helm_hook_warnings=True,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _access(self, target: str) -> dict[str, Any]:
        """How the provider reaches a cluster: kubeconfig and context."""
        if target in self._kubeconfigs:
            return {"kubeconfig": pulumi.Output.secret(self._kubeconfigs[target])}
        return {"kubeconfig": self._kubeconfig(target), "context": self._plan.access(target).context}

    def _kubeconfig(self, target: str) -> pulumi.Input[str]:
        access = self._plan.access(target)
        if access.exec is not None:
            return kubeconfig.for_command(target, access.exec, kubeconfig.authority(access.exec, self._root))
        if access.capi_secret is not None:
            cluster = self._plan.cluster(target)
            name = f"{target}-kubeconfig"
            return read_secret(name, cluster, self[cluster.management], self.registry, self._parent)
        # The provider takes "" for the kubeconfig in use; None would put this machine's KUBECONFIG path into the state.
        return ""


def _project_root() -> Path:
    """Folder of Pulumi.yaml as the engine reports it, else the working directory: an older engine reports none."""
    reported = Path(pulumi.get_root_directory() or "")
    return reported if reported.is_absolute() else Path.cwd()
