"""Objects that the sandbox itself puts into its clusters: custom kinds and its marker."""

import http
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2  # the HTTP client that lightkube is built on, for its errors
from lightkube import ALL_NS, Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_global_resource, create_namespaced_resource

from ai_factory.infra.sandbox.errors import SandboxError
from ai_factory.infra.sandbox.health import wait_for

FIELD_MANAGER = "aifactory-sandbox"
MARKER_NAME = "aifactory-sandbox"
MARKER_NAMESPACE = "kube-public"

_LEASE_NAMESPACE = "kube-node-lease"
_NAMESPACE_TIMEOUT_SECONDS = 60.0

_CRD = create_global_resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
_NAMESPACE = create_global_resource("", "v1", "Namespace", "namespaces")
_CONFIG_MAP = create_namespaced_resource("", "v1", "ConfigMap", "configmaps")
_SERVICE_ACCOUNT = create_namespaced_resource("", "v1", "ServiceAccount", "serviceaccounts")
_LEASE = create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases")


def install_crds(
    kubeconfig: Path, context: str, documents: Sequence[Mapping[str, Any]], *, timeout_seconds: float = 120.0
) -> None:
    """Apply CustomResourceDefinitions to the cluster of a context and wait until they are established and served.

    Existing ones of the same names are replaced. Raises `SandboxError` when the API server refuses one or can't be
    reached, or one is not served in time.
    """
    names = {document["metadata"]["name"] for document in documents}
    with _talking(kubeconfig, context) as client:
        for document in documents:
            _apply(client, _CRD, document)
        wait_for(
            lambda: names <= _names(crd for crd in client.list(_CRD) if _is_established(crd)),
            what=f"{context}: all of {len(names)} custom kinds established",
            timeout_seconds=timeout_seconds,
        )
        wait_for(
            lambda: all(_is_served(client, document) for document in documents),
            what=f"{context}: all of {len(names)} custom kinds served",
            timeout_seconds=timeout_seconds,
        )


def custom_kinds(kubeconfig: Path, context: str) -> frozenset[tuple[str, str]]:
    """The custom kinds of a cluster, each in every served version: `<group>/<version>` and kind."""
    with _talking(kubeconfig, context) as client:
        definitions: list[Any] = list(client.list(_CRD))
    return frozenset(
        (f"{spec['group']}/{version['name']}", str(spec["names"]["kind"]))
        for spec in (definition.spec for definition in definitions)
        for version in spec["versions"]
        if version["served"]
    )


def mark(kubeconfig: Path, context: str, data: Mapping[str, str]) -> None:
    """Leave the ConfigMap `aifactory-sandbox` in the namespace `kube-public`: this cluster is a sandbox."""
    metadata = {"name": MARKER_NAME, "namespace": MARKER_NAMESPACE}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}
    with _talking(kubeconfig, context) as client:
        wait_for(
            lambda: MARKER_NAMESPACE in _names(client.list(_NAMESPACE)),
            what=f"{context}: namespace {MARKER_NAMESPACE}",
            timeout_seconds=_NAMESPACE_TIMEOUT_SECONDS,
        )
        _apply(client, _CONFIG_MAP, document)


def wait_for_default_account(kubeconfig: Path, context: str) -> None:
    """Wait until pods can be created in the namespace `default`: the controller manager makes their account."""
    with _talking(kubeconfig, context) as client:
        wait_for(
            lambda: "default" in _names(client.list(_SERVICE_ACCOUNT, namespace="default")),
            what=f"{context}: service account default of the namespace default",
            timeout_seconds=_NAMESPACE_TIMEOUT_SECONDS,
        )


def release_nodes(kubeconfig: Path, context: str) -> None:
    """Remove the node leases of an earlier kwok: the next one would wait 40 seconds for them to run out."""
    with _talking(kubeconfig, context) as client:
        client.deletecollection(_LEASE, namespace=_LEASE_NAMESPACE)


@contextmanager
def _talking(kubeconfig: Path, context: str) -> Iterator[Client]:
    """A client that no proxy of the environment comes between; its errors become `SandboxError`."""
    config = KubeConfig.from_file(kubeconfig).get(context_name=context)
    try:
        yield Client(config=config, field_manager=FIELD_MANAGER, trust_env=False)
    except (ApiError, httpx2.HTTPError) as error:
        remedy = "See `aifactory sandbox status` and `aifactory sandbox logs`."
        raise SandboxError(f"{context}: its API server does not answer as it should: {error}", remedy) from error


def _apply(client: Client, resource: Any, document: Mapping[str, Any]) -> None:
    try:
        client.apply(resource.from_dict(document), force=True)
    except ApiError as error:
        name = f"{document['kind']} {document['metadata']['name']}"
        raise SandboxError(f"the API server refuses {name}: {error}", "Mend the object and try again.") from None


def _names(objects: Iterable[Any]) -> set[str]:
    return {str(item.metadata.name) for item in objects}


def _is_established(crd: Any) -> bool:
    conditions = (crd.status or {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def _is_served(client: Client, document: Mapping[str, Any]) -> bool:
    """Whether a list of the kind succeeds: the handler of a kind follows its condition with a delay."""
    spec = document["spec"]
    version = next(version["name"] for version in spec["versions"] if version["storage"])
    names = spec["names"]
    # lightkube keeps one entry a kind for the whole program: it must be the one that other callers would make.
    make, place = (
        (create_namespaced_resource, {"namespace": ALL_NS})
        if spec["scope"] == "Namespaced"
        else (create_global_resource, {})
    )
    resource: Any = make(spec["group"], version, names["kind"], names["plural"])
    listing: Any = client.list
    try:
        next(iter(listing(resource, chunk_size=1, **place)), None)
    except ApiError as error:
        if error.status.code == http.HTTPStatus.NOT_FOUND:
            return False
        raise
    return True
