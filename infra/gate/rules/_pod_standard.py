"""What the baseline pod security standard forbids: fields of pods that reach into their host.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (baseline, Kubernetes v1.36). Its controls
of AppArmor by annotation, which Kubernetes reads no more since v1.34, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import _manifests
from ._manifests import Node

SWITCHES = ("hostNetwork", "hostPID", "hostIPC", "hostProcess", "privileged")
"""Fields that are off, or the pod is its host."""
_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"}
    | {"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"}
    | {"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"}
    | {"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"}
    | {"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
)


def is_on(value: Any) -> bool:
    """Whether a switch is on; templates of other kinds write it as text too."""
    return value is True or str(value).lower() == "true"


def faults(root: Any) -> Iterator[str]:
    """What stands anywhere below a value and reaches into the host, but for switches and volumes of the host's."""
    for node in _manifests.walk(root):
        if (check := _CHECKS.get(node.key)) is not None:
            yield from check(node)


def _capabilities(node: Node) -> Iterator[str]:
    given = node.value.get("add") if isinstance(node.value, dict) else None
    # The runtime takes names with and without the prefix.
    strange = [name for name in given or () if str(name).upper().removeprefix("CAP_") not in _CAPABILITIES]
    if strange:
        yield f"capabilities {', '.join(map(str, strange))}"


def _host_port(node: Node) -> Iterator[str]:
    if node.value:
        yield f"hostPort {node.value}"


def _proc_mount(node: Node) -> Iterator[str]:
    if node.value not in (None, "Default"):
        yield f"procMount {node.value}"


def _profile(node: Node) -> Iterator[str]:
    if isinstance(node.value, dict) and node.value.get("type") not in (None, "RuntimeDefault", "Localhost"):
        yield f"{node.key} {node.value['type']}"


def _selinux(node: Node) -> Iterator[str]:
    options = node.value if isinstance(node.value, dict) else {}
    if (options.get("type") or "") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
        yield f"seLinuxOptions {options.get('type') or options.get('user') or options.get('role')}"


def _sysctls(node: Node) -> Iterator[str]:
    settings = [entry.get("name") for entry in node.value if isinstance(entry, dict)] if node.value else []
    if strange := [str(name) for name in settings if name not in _SYSCTLS]:
        yield f"sysctl {', '.join(strange)}"


_CHECKS: Mapping[str, Callable[[Node], Iterator[str]]] = {
    "appArmorProfile": _profile,
    "capabilities": _capabilities,
    "hostPort": _host_port,
    "procMount": _proc_mount,
    "seLinuxOptions": _selinux,
    "seccompProfile": _profile,
    "sysctls": _sysctls,
}
"""By the field of a pod or container that they look at."""
