"""Certificates and keys of the sandbox: made once, kept in private files, never leaving the machine.

Two authorities: one for the API servers and their clients, one for etcd, so that no client certificate of an API
server opens the store below it. Every cluster has a key pair of its own for service-account tokens.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ai_factory.infra.files import write_private
from ai_factory.infra.sandbox.files import private_dir

_LIFETIME = timedelta(days=3650)
_CLOCK_SKEW = timedelta(hours=1)
_LOCAL_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
_LOCAL_ADDRESSES = ("127.0.0.1", "10.96.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key, as files in PEM."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority kept in `<folder>/<name>.crt` and `.key`."""

    folder: Path
    name: str

    @property
    def cert(self) -> Path:
        """The authority's own certificate."""
        return self.folder / f"{self.name}.crt"

    @property
    def key(self) -> Path:
        """The authority's private key."""
        return self.folder / f"{self.name}.key"

    def ensure(self) -> "Authority":
        """Make the authority unless it is there."""
        private_dir(self.folder)
        if not (self.cert.exists() and self.key.exists()):
            key = _new_key()
            subject = _name(f"ai-factory sandbox {self.name}", ())
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = _builder(subject, subject, key.public_key())
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            _write(self.cert, self.key, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key)
        return self

    def issue(self, folder: Path, name: str, *, common_name: str, groups: tuple[str, ...] = ()) -> Pair:
        """Issue a certificate for serving on loopback and for authenticating as `common_name` in `groups`.

        Written to `<folder>/<name>.crt` and `.key`; an existing pair is kept.
        """
        private_dir(folder)
        pair = Pair(cert=folder / f"{name}.crt", key=folder / f"{name}.key")
        if not (pair.cert.exists() and pair.key.exists()):
            key = _new_key()
            _write(pair.cert, pair.key, self._sign(_name(common_name, groups), key.public_key()), key)
        return pair

    def _sign(self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        issuer = x509.load_pem_x509_certificate(self.cert.read_bytes())
        key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.key}: not an elliptic-curve key")
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in _LOCAL_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _LOCAL_ADDRESSES]
        uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = _builder(subject, issuer.subject, public_key)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.add_extension(uses, critical=False).sign(key, hashes.SHA256())


def ensure_token_keys(folder: Path) -> Pair:
    """Make the key pair that signs service-account tokens: `cert` is the public key, `key` the private one."""
    private_dir(folder)
    pair = Pair(cert=folder / "sa.pub", key=folder / "sa.key")
    if not (pair.cert.exists() and pair.key.exists()):
        key = _new_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        write_private(pair.cert, key.public_key().public_bytes(serialization.Encoding.PEM, form))
        write_private(pair.key, _key_pem(key))
    return pair


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str, groups: tuple[str, ...]) -> x509.Name:
    """Kubernetes reads the user from the common name and the groups from the organisations."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=public_key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _CLOCK_SKEW,
        not_valid_after=now + _LIFETIME,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write(cert_path: Path, key_path: Path, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    write_private(cert_path, cert.public_bytes(serialization.Encoding.PEM))
    write_private(key_path, _key_pem(key))
