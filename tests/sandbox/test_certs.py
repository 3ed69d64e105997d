"""Certificates: who they are for, and what they may do."""

import ipaddress
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ai_factory.infra.sandbox import kubeconfig
from ai_factory.infra.sandbox.certs import Authority, Pair
from ai_factory.infra.sandbox.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def load(pair: Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.cert.read_bytes())


def test_serving_certificate_names_loopback_and_nothing_else(layout: Layout) -> None:
    cert = load(layout.serving_pair("train", "kube-apiserver"))
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.ip_address("127.0.0.1") in names.get_values_for_type(x509.IPAddress)
    assert {"localhost", "kubernetes.default.svc"} <= set(names.get_values_for_type(x509.DNSName))
    uses = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert ExtendedKeyUsageOID.SERVER_AUTH in uses
    cert.verify_directly_issued_by(x509.load_pem_x509_certificate(layout.authority.cert.read_bytes()))


def test_administrator_is_in_system_masters_and_no_etcd_client(layout: Layout) -> None:
    cert = load(layout.admin("train", 6443).client)
    groups = [attribute.value for attribute in cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert groups == ["system:masters"]
    with pytest.raises(ValueError, match="Issuer"):
        cert.verify_directly_issued_by(x509.load_pem_x509_certificate(layout.etcd_authority.cert.read_bytes()))


def test_credentials_are_made_once(layout: Layout) -> None:
    first = load(layout.etcd_pair("server"))
    assert load(Layout(layout.root).etcd_pair("server")) == first
    assert Authority(layout.root / "pki", "etcd-ca").ensure() == layout.etcd_authority


def test_kubeconfig_has_a_context_a_cluster_and_embeds_its_credentials(layout: Layout) -> None:
    contexts = {name: layout.admin(name, port) for name, port in {"lab-management": 20001, "lab-train": 20002}.items()}
    document = yaml.safe_load(kubeconfig.render(contexts))
    assert document["current-context"] == "lab-management"
    assert [context["name"] for context in document["contexts"]] == ["lab-management", "lab-train"]
    servers = {entry["name"]: entry["cluster"]["server"] for entry in document["clusters"]}
    assert servers == {"lab-management": "https://127.0.0.1:20001", "lab-train": "https://127.0.0.1:20002"}
    assert all(set(user["user"]) == {"client-certificate-data", "client-key-data"} for user in document["users"])
    keys = {user["user"]["client-key-data"] for user in document["users"]}
    assert len(keys) == 2
