"""Flux, secrets, certificates, queues and NVIDIA operators in the sandbox.

After Flux 2.9, External Secrets v2.9, cert-manager v1.21, Kueue v0.19, GPU operator v26.7, network operator v26.4
and the DRA driver v0.4.
"""

from ai_factory.infra.sandbox.simulated import (
    OBSERVED,
    OBSERVED_SEEN,
    Conditions,
    Simulated,
    condition_exists,
    condition_seen,
)

_SUSPENDED = ".spec.suspend // false"

_ARTIFACT = """
artifact:
  digest: sha256:{{ printf "%s/%v" .metadata.uid .metadata.generation | sha256sum }}
  lastUpdateTime: {{ Now | Quote }}
  path: {{ printf "%s/%s/%s" (lower .kind) .metadata.namespace .metadata.name | Quote }}
  revision: sandbox@sha256:{{ printf "%s/%v" .metadata.uid .metadata.generation | sha256sum }}
  url: http://source-controller.invalid/{{ .metadata.namespace }}/{{ .metadata.name }}
"""


def _source(kind: str, failure: str, skip: str = _SUSPENDED) -> Simulated:
    return Simulated(
        group_version="source.toolkit.fluxcd.io/v1",
        kind=kind,
        seen=OBSERVED_SEEN,
        skip=skip,
        ready=OBSERVED + _ARTIFACT,
        ready_conditions={"Ready": ("True", "Succeeded"), "ArtifactInStorage": ("True", "Succeeded")},
        failed=OBSERVED,
        failed_conditions={"Ready": ("False", failure), "FetchFailed": ("True", failure)},
    )


FLUX: tuple[Simulated, ...] = (
    _source("GitRepository", "GitOperationFailed"),
    _source("OCIRepository", "OCIArtifactPullFailed"),
    _source("HelmRepository", "IndexationFailed", skip=f'({_SUSPENDED}) or (.spec.type == "oci")'),
    Simulated(
        group_version="helm.toolkit.fluxcd.io/v2",
        kind="HelmRelease",
        seen=OBSERVED_SEEN,
        skip=_SUSPENDED,
        ready=OBSERVED + "lastAttemptedGeneration: {{ .metadata.generation }}\nfailures: 0\n",
        ready_conditions={"Ready": ("True", "InstallSucceeded"), "Released": ("True", "InstallSucceeded")},
        failed=OBSERVED + "lastAttemptedGeneration: {{ .metadata.generation }}\nfailures: 1\ninstallFailures: 1\n",
        failed_conditions={
            "Ready": ("False", "InstallFailed"),
            "Released": ("False", "InstallFailed"),
            "Stalled": ("True", "RetriesExceeded"),
        },
    ),
    Simulated(
        group_version="kustomize.toolkit.fluxcd.io/v1",
        kind="Kustomization",
        seen=OBSERVED_SEEN,
        skip=_SUSPENDED,
        ready=OBSERVED + "lastAppliedRevision: sandbox\nlastAttemptedRevision: sandbox\n",
        ready_conditions={"Ready": ("True", "ReconciliationSucceeded")},
        failed=OBSERVED + "lastAttemptedRevision: sandbox\n",
        failed_conditions={"Ready": ("False", "ReconciliationFailed")},
    ),
)


def _secret_store(kind: str) -> Simulated:
    return Simulated(
        group_version="external-secrets.io/v1",
        kind=kind,
        seen=condition_exists("Ready"),
        ready="capabilities: ReadWrite\n",
        ready_conditions={"Ready": ("True", "Valid")},
        failed_conditions={"Ready": ("False", "InvalidProviderConfig")},
        condition_generation=False,
    )


_SYNCED = 'syncedResourceVersion: "{{ .metadata.generation }}-sandbox"\nrefreshTime: {{ Now | Quote }}\n'

SECRETS: tuple[Simulated, ...] = (
    _secret_store("ClusterSecretStore"),
    _secret_store("SecretStore"),
    Simulated(
        group_version="external-secrets.io/v1",
        kind="ExternalSecret",
        seen='((.status.syncedResourceVersion // "0-") | split("-")[0]) == (.metadata.generation | tostring)',
        ready=_SYNCED,
        ready_conditions={"Ready": ("True", "SecretSynced")},
        failed=_SYNCED,
        failed_conditions={"Ready": ("False", "SecretSyncedError")},
        condition_generation=False,
    ),
)


def _ready_kind(group_version: str, kind: str, condition: str, ready: str, failed: str) -> Simulated:
    """A kind whose status is one condition with the generation in it."""
    return Simulated(
        group_version=group_version,
        kind=kind,
        seen=condition_seen(condition),
        ready_conditions={condition: ("True", ready)},
        failed_conditions={condition: ("False", failed)},
    )


CERTIFICATES: tuple[Simulated, ...] = (
    _ready_kind("cert-manager.io/v1", "ClusterIssuer", "Ready", "IsReady", "ErrInitIssuer"),
    _ready_kind("cert-manager.io/v1", "Issuer", "Ready", "IsReady", "ErrInitIssuer"),
    _ready_kind("cert-manager.io/v1", "Certificate", "Ready", "Ready", "Failed"),
)

KUEUE: tuple[Simulated, ...] = (
    _ready_kind("kueue.x-k8s.io/v1beta2", "ClusterQueue", "Active", "Ready", "FlavorNotFound"),
    _ready_kind("kueue.x-k8s.io/v1beta2", "LocalQueue", "Active", "Ready", "ClusterQueueIsInactive"),
)


def _operator(
    group_version: str, kind: str, *, ready: str = "state: ready", failed: str, conditions: bool
) -> Simulated:
    """A kind of an NVIDIA operator: one word says it all, and the generation is kept nowhere."""
    field = ready.partition(":")[0]
    good: Conditions = {"Ready": ("True", "Reconciled")}
    bad: Conditions = {"Ready": ("False", "OperandNotReady")}
    return Simulated(
        group_version=group_version,
        kind=kind,
        seen=f'(.status.{field} // "") != ""',
        ready=ready,
        ready_conditions=good if conditions else {},
        failed=failed,
        failed_conditions=bad if conditions else {},
    )


OPERATORS: tuple[Simulated, ...] = (
    _operator(
        "mellanox.com/v1alpha1",
        "NicClusterPolicy",
        failed="state: error\nreason: the sandbox plays a failed driver",
        conditions=False,
    ),
    _operator("nvidia.com/v1", "ClusterPolicy", failed="state: notReady", conditions=True),
    _operator(
        "resource.nvidia.com/v1beta1",
        "ComputeDomain",
        ready="status: Ready",
        failed="status: NotReady",
        conditions=False,
    ),
)
