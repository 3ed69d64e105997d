"""Kubeconfigs that lead to fake servers, and certificates for those that serve HTTPS."""

from __future__ import annotations

import base64
import datetime as dt
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .server import FakeApi


def kubeconfig(servers: Mapping[str, FakeApi | str], users: Mapping[str, Any] | None = None, **cluster: Any) -> str:
    """Text of a kubeconfig with a context for each server; `cluster` is more of their cluster entries."""
    urls = {name: server if isinstance(server, str) else server.url for name, server in servers.items()}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": url, "insecure-skip-tls-verify": True, **cluster}}
            for name, url in urls.items()
        ],
        "users": [{"name": name, "user": (users or {}).get(name, {})} for name in urls],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in urls],
        "current-context": next(iter(urls)),
    }
    return yaml.safe_dump(config)


def write_kubeconfig(file: Path, servers: Mapping[str, FakeApi | str], users: Mapping[str, Any] | None = None,
                     **cluster: Any) -> Path:  # fmt: skip
    """Write such a kubeconfig."""
    file.write_text(kubeconfig(servers, users, **cluster))
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A self-signed certificate of 127.0.0.1 with its key."""

    file: Path
    """Both in PEM."""

    @property
    def authority(self) -> str:
        """The certificate as `certificate-authority-data`."""
        text = self.file.read_text().partition("-----BEGIN PRIVATE KEY-----")[0]
        return base64.b64encode(text.encode()).decode()

    def server(self) -> ssl.SSLContext:
        """Serves with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context


def certificate(file: Path, *, days: int = 9, address: str = "127.0.0.1") -> Certificate:
    """Make a certificate that runs out in so many days."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake")])
    end = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(end - dt.timedelta(days=30)).not_valid_after(end)
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(signed.public_bytes(pem) + private)
    return Certificate(file=file)
