"""Kubernetes objects of a fleet: a `Stack` (pulumi.com/v1) for each stack, and the identity of their workspaces.

What the operator does with each field is read in its source, version 2.9.0 (operator/internal/controller). Left out are
`retryOnUpdateConflict` and `expectNoRefreshChanges`, which version 2 ignores: a failed update is tried again anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..objects.base import LABEL, Manifest, make
from ..plan.model import RegionPlan
from .order import RegionOrder, Stack, WaveOrder, arrange, object_name
from .settings import Fleet, SecretKey

REGION = f"{LABEL}/region"
"""Label of a Stack: its region."""
WAVE = f"{LABEL}/wave"
"""Label of a Stack: its wave."""
KUBECONFIG_KEY = "config"
_MOUNT = "/var/run/ai-factory/kubeconfig"


def stack_objects(plans: Iterable[RegionPlan], fleet: Fleet) -> list[Manifest]:
    """A `Stack` for each stack of the regions, in the order of a first `up`.

    Raises:
        InputError: two stacks would have the same object.
    """
    waves = arrange(plans, fleet)
    return [manifest for wave in waves for region in wave.regions for manifest in region_objects(wave, region, fleet)]


def region_objects(wave: WaveOrder, region: RegionOrder, fleet: Fleet) -> list[Manifest]:
    """The operator's `Stack` objects of one region, in order."""
    return [_stack(wave, region, stack, fleet) for stack in region.stacks]


def identity_objects(fleet: Fleet) -> list[Manifest]:
    """The service account of the operator's workspaces, with the right that their agent needs: to review tokens."""
    namespace, name = fleet.namespace, fleet.service_account
    return [
        make("v1", "ServiceAccount", name, namespace),
        make(
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            f"{namespace}:{name}:auth-delegator",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        ),
    ]


def secrets_needed(fleet: Fleet) -> dict[str, list[str]]:
    """Secrets that every region's `Stack` objects refer to: keys by name."""
    keys: dict[str, list[str]] = {}
    for reference in (*fleet.secrets.values(), fleet.source.token, fleet.source.ssh_key):
        if reference is not None and reference.key not in keys.setdefault(reference.secret, []):
            keys[reference.secret].append(reference.key)
    return keys


def kubeconfig_secret(fleet: Fleet, region: str) -> str:
    """Name of the Secret with the kubeconfig of a region: its workspaces see no other region's."""
    return f"{fleet.kubeconfig_secrets}-{region}"


def _stack(wave: WaveOrder, region: RegionOrder, stack: Stack, fleet: Fleet) -> Manifest:
    spec: Manifest = {
        "stack": f"{fleet.organization}/{fleet.project}/{stack.name}" if fleet.organization else stack.name,
        "backend": fleet.backend,
        **_source(fleet),
        "secretsProvider": fleet.secrets_provider,
        # A sample inventory reaches API servers on loopback only: the program refuses any other.
        "config": {"ai-factory:sandbox": "true"} if region.plan.sample_inventory else None,
        "envRefs": _environment(fleet),
        "prerequisites": _prerequisites(region, stack, fleet),
        "preview": wave.previews,
        "refresh": fleet.refresh,
        "continueResyncOnCommitMatch": fleet.correct_drift,
        "resyncFrequencySeconds": fleet.resync_seconds,
        "destroyOnFinalize": False,
        "serviceAccountName": fleet.service_account,
        # Else each of hundreds of stacks keeps a pod for ever.
        "workspaceReclaimPolicy": "Delete",
        "workspaceTemplate": {"spec": _workspace(fleet, region.name)},
    }
    return make(
        "pulumi.com/v1",
        "Stack",
        stack.object,
        fleet.namespace,
        labels={REGION: region.name, WAVE: wave.name},
        spec={key: value for key, value in spec.items() if value is not None},
    )


def _source(fleet: Fleet) -> Manifest:
    source = fleet.source
    revision = {"commit": source.commit} if source.commit else {"branch": source.branch}
    auth: Manifest | None = None
    if source.token is not None:
        auth = {"accessToken": _reference(source.token)}
    elif source.ssh_key is not None:
        auth = {"sshAuth": {"sshPrivateKey": _reference(source.ssh_key)}}
    return {"projectRepo": source.repo, "repoDir": source.folder, **revision, "gitAuth": auth}


def _environment(fleet: Fleet) -> Manifest:
    literals = {"KUBECONFIG": f"{_MOUNT}/{KUBECONFIG_KEY}", "PULUMI_SKIP_UPDATE_CHECK": "true"}
    environment = {name: {"type": "Literal", "literal": {"value": value}} for name, value in literals.items()}
    return environment | {name: _reference(key) for name, key in sorted(fleet.secrets.items())}


def _reference(key: SecretKey) -> Manifest:
    return {"type": "Secret", "secret": {"name": key.secret, "key": key.key}}


def _prerequisites(region: RegionOrder, stack: Stack, fleet: Fleet) -> list[Manifest] | None:
    """An age is asked for at the gate between waves only: along a chain it would set off updates without end."""
    gate: dict[str, Any] = {}
    if region.gated and stack in region.steps[0]:
        gate = {"requirement": {"succeededWithinDuration": f"{fleet.succeeded_within_hours}h"}}
    return [{"name": object_name(name), **gate} for name in stack.after] or None


def _workspace(fleet: Fleet, region: str) -> Manifest:
    workspace = fleet.workspace
    memory = f"{workspace.memory_mib}Mi"
    mount = {"name": "kubeconfig", "mountPath": _MOUNT, "readOnly": True}
    return {
        "image": workspace.image,
        "securityProfile": "restricted",
        "resources": {
            "requests": {"cpu": f"{workspace.cpu_millicores}m", "memory": memory},
            "limits": {"memory": memory},
        },
        "podTemplate": {
            "spec": {
                "containers": [{"name": "pulumi", "volumeMounts": [mount]}],
                "volumes": [{"name": "kubeconfig", "secret": {"secretName": kubeconfig_secret(fleet, region)}}],
            }
        },
    }
