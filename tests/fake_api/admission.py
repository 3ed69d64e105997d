"""What admission does by which an API server that keeps tenants apart is known: PodSecurity, and policies of ours."""

from __future__ import annotations

from .values import Manifest, refuse

LEVEL = "pod-security.kubernetes.io/enforce"
LEVELS = ("privileged", "baseline", "restricted")
POLICY = "tenant-pods.ai-factory.dev"


def pod_security(namespace: Manifest) -> Manifest:
    """Refuse a level that there is none of, as the plug-in PodSecurity does."""
    level = (namespace["metadata"].get("labels") or {}).get(LEVEL)
    if level is not None and level not in LEVELS:
        raise refuse(
            422, f'Namespace is invalid: metadata.labels[{LEVEL}]: Invalid value: "{level}": must be one of ...'
        )
    return namespace


def policies(pod: Manifest) -> Manifest:
    """Refuse a toleration of everything, as the policy for tenants' pods does."""
    if any(not each.get("key") for each in pod.get("spec", {}).get("tolerations") or ()):
        raise refuse(422, f"ValidatingAdmissionPolicy '{POLICY}' with binding '{POLICY}' denied request: name its key")
    return pod
