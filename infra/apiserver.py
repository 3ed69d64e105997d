"""What an API server runs with, wherever it runs: flags, admission plug-ins, and the files that flags name.

Built clusters (by kubeadm, `objects._kubeadm`) and the sandbox's (`sandbox.commands`) take all of it from here, so
that what is tried in the sandbox holds on hardware. Two lists say where they must differ, and a test compares the two
command lines by them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from .text.templates import render

PLUGINS: Final = ("NodeRestriction", "PodNodeSelector", "PodTolerationRestriction")
"""Admission plug-ins beside those that are on by default (Kubernetes 1.34 to 1.37, kubeapiserver/options/plugins.go).
NodeRestriction keeps kubelets from other nodes and from the labels that decide placement. The other two fill in what
a namespace's annotations say: which nodes its pods run on, and which taints they tolerate."""
POLICY: Final = "policy.yaml"
"""Name of the audit policy's file."""
LOG: Final = "audit.log"
"""Name of the audit log's file."""

KUBEADM: Final = MappingProxyType(
    {
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "enable-bootstrap-token-auth": "true",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    }
)
"""Flags that kubeadm sets itself, to the same value on every cluster (v1.37.2, app/phases/controlplane/manifests.go);
who starts an API server without kubeadm sets them."""
BY_PLACE: Final = frozenset(
    {
        "advertise-address", "client-ca-file", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "etcd-servers",
        "secure-port", "service-account-key-file", "service-account-signing-key-file", "service-cluster-ip-range",
        "tls-cert-file", "tls-private-key-file",
    }
)  # fmt: skip
"""Flags that every API server has with values of its own: addresses, certificates, keys, its store."""
HARDWARE_ONLY: Final = frozenset(
    {
        "kubelet-client-certificate", "kubelet-client-key", "kubelet-preferred-address-types",
        "proxy-client-cert-file", "proxy-client-key-file", "requestheader-allowed-names",
        "requestheader-client-ca-file", "requestheader-extra-headers-prefix", "requestheader-group-headers",
        "requestheader-username-headers",
    }
)  # fmt: skip
"""Flags of kubeadm that the sandbox has no use for: it has neither kubelets nor extension API servers."""
SANDBOX_ONLY: Final = frozenset({"bind-address", "endpoint-reconciler-type", "etcd-prefix"})
"""Flags of the sandbox alone: it listens on loopback only, which may not be an endpoint of the service `kubernetes`,
and its clusters share an etcd."""


def flags(settings: str, logs: str) -> dict[str, str]:
    """Flags that this package sets on every API server, by name without dashes.

    Args:
        settings: folder of `files`, as the server sees it.
        logs: folder that the audit log is written to.
    """
    return {
        "enable-admission-plugins": ",".join(PLUGINS),
        "audit-policy-file": f"{settings}/{POLICY}",
        "audit-log-path": f"{logs}/{LOG}",
        "audit-log-maxage": "30",
        "audit-log-maxbackup": "20",
        "audit-log-maxsize": "200",
        "profiling": "false",
    }


def files() -> dict[str, str]:
    """Content by name of the files that the flags name."""
    return {POLICY: render("kubeadm/audit-policy.yaml.j2")}
