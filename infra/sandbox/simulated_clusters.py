"""Cluster API and Metal3 in the sandbox: what their controllers write when all is well, and when it is not.

After Cluster API v1.14 (v1beta2), cluster-api-provider-metal3 v1.13, baremetal-operator v0.13 and the Kamaji
control-plane provider v0.20.
"""

from ai_factory.infra.sandbox.simulated import OBSERVED, OBSERVED_SEEN, Simulated, condition_seen

_PAUSED = '(.spec.paused // false) or ((.metadata.annotations // {}) | has("cluster.x-k8s.io/paused"))'

_REPLICAS = """
{{ $replicas := 1 }}{{ if hasKey .spec "replicas" }}{{ $replicas = .spec.replicas }}{{ end }}
replicas: {{ $replicas }}
upToDateReplicas: {{ $replicas }}
"""
_REPLICAS_READY = _REPLICAS + "readyReplicas: {{ $replicas }}\navailableReplicas: {{ $replicas }}\n"
_REPLICAS_FAILED = _REPLICAS + "readyReplicas: 0\navailableReplicas: 0\n"

CLUSTER_API: tuple[Simulated, ...] = (
    Simulated(
        group_version="cluster.x-k8s.io/v1beta2",
        kind="Cluster",
        seen=OBSERVED_SEEN,
        skip=_PAUSED,
        ready=OBSERVED
        + "phase: Provisioned\ninitialization: {infrastructureProvisioned: true, controlPlaneInitialized: true}\n",
        ready_conditions={
            "Available": ("True", "Available"),
            "InfrastructureReady": ("True", "Ready"),
            "ControlPlaneInitialized": ("True", "Initialized"),
            "ControlPlaneAvailable": ("True", "Available"),
            "WorkersAvailable": ("True", "Available"),
            "RemoteConnectionProbe": ("True", "ProbeSucceeded"),
        },
        failed=OBSERVED
        + "phase: Provisioning\ninitialization: {infrastructureProvisioned: false, controlPlaneInitialized: false}\n",
        failed_conditions={
            "Available": ("False", "NotAvailable"),
            "InfrastructureReady": ("False", "NotReady"),
        },
    ),
    Simulated(
        group_version="controlplane.cluster.x-k8s.io/v1beta2",
        kind="KubeadmControlPlane",
        seen=OBSERVED_SEEN,
        skip=_PAUSED,
        ready=OBSERVED
        + _REPLICAS_READY
        + "version: {{ .spec.version | Quote }}\ninitialization: {controlPlaneInitialized: true}\n",
        ready_conditions={
            "Available": ("True", "Available"),
            "Initialized": ("True", "Initialized"),
            "MachinesReady": ("True", "Ready"),
            "EtcdClusterHealthy": ("True", "Healthy"),
            "ControlPlaneComponentsHealthy": ("True", "Healthy"),
        },
        failed=OBSERVED + _REPLICAS_FAILED + "initialization: {controlPlaneInitialized: false}\n",
        failed_conditions={
            "Available": ("False", "NotAvailable"),
            "Initialized": ("False", "NotInitialized"),
            "MachinesReady": ("False", "NotReady"),
        },
    ),
    Simulated(
        group_version="controlplane.cluster.x-k8s.io/v1alpha2",
        kind="KamajiControlPlane",
        seen='(.status.version // "") == .spec.version or (.status.ready == false)',
        skip=_PAUSED,
        ready=_REPLICAS_READY
        + "version: {{ .spec.version | Quote }}\nready: true\nexternalManagedControlPlane: true\n"
        + "initialization: {controlPlaneInitialized: true}\n",
        ready_conditions={"KamajiControlPlaneIsReady": ("True", "Ready")},
        failed=_REPLICAS_FAILED
        + "version: {{ .spec.version | Quote }}\nready: false\nexternalManagedControlPlane: true\n",
        failed_conditions={"KamajiControlPlaneIsReady": ("False", "NotReady")},
    ),
    Simulated(
        group_version="cluster.x-k8s.io/v1beta2",
        kind="MachineDeployment",
        seen=OBSERVED_SEEN,
        skip=_PAUSED,
        ready=OBSERVED + _REPLICAS_READY + "phase: Running\n",
        ready_conditions={
            "Available": ("True", "Available"),
            "MachinesReady": ("True", "Ready"),
            "MachinesUpToDate": ("True", "UpToDate"),
            "RollingOut": ("False", "NotRollingOut"),
        },
        failed=OBSERVED + _REPLICAS_FAILED + "phase: ScalingUp\n",
        failed_conditions={
            "Available": ("False", "NotAvailable"),
            "MachinesReady": ("False", "NotReady"),
        },
    ),
    Simulated(
        group_version="cluster.x-k8s.io/v1beta2",
        kind="MachineHealthCheck",
        seen=OBSERVED_SEEN,
        skip=_PAUSED,
        ready=OBSERVED,
        ready_conditions={"RemediationAllowed": ("True", "RemediationAllowed")},
        failed=OBSERVED,
        failed_conditions={"RemediationAllowed": ("False", "TooManyUnhealthy")},
    ),
)

METAL3: tuple[Simulated, ...] = (
    Simulated(
        group_version="infrastructure.cluster.x-k8s.io/v1beta2",
        kind="Metal3Cluster",
        seen=condition_seen("Ready"),
        skip=_PAUSED,
        ready="initialization: {provisioned: true}\n",
        ready_conditions={"Ready": ("True", "Ready")},
        failed="initialization: {provisioned: false}\n",
        failed_conditions={"Ready": ("False", "NotReady")},
    ),
    Simulated(
        group_version="metal3.io/v1alpha1",
        kind="BareMetalHost",
        seen='(.status.provisioning.state // "") != ""',
        skip='(.metadata.annotations // {}) | has("baremetalhost.metal3.io/paused")',
        ready="""
        operationalStatus: OK
        errorCount: 0
        errorMessage: ""
        poweredOn: {{ .spec.online | default false }}
        provisioning: {ID: {{ .metadata.uid | Quote }}, state: available, image: {url: ""}}
        """,
        ready_conditions={},
        failed="""
        operationalStatus: error
        errorType: registration error
        errorCount: 1
        errorMessage: the sandbox plays a BMC that does not answer
        poweredOn: false
        provisioning: {ID: "", state: registering, image: {url: ""}}
        """,
        failed_conditions={},
    ),
)
