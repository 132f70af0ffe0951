"""The certificate authority of a state folder: made once, it signs the certificates that this machine's clients trust.

A certificate and its key lie in one file, so that they are replaced together. Lifetimes are in real time, whatever the
world's clock says, because the clients that check them read the machine's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from filelock import FileLock

from simulator.state.folder import write_private
from simulator.state.kept_files import damaged, read_text

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
WILDCARD_ADDRESSES = ("0.0.0.0", "::")

AUTHORITY_LIFE = timedelta(days=3650)
CERTIFICATE_LIFE = timedelta(days=365)
RENEWAL = timedelta(days=60)
"""A certificate with less than this before it is replaced when it is asked for."""
CLOCK_SKEW = timedelta(hours=1)
NEW_AUTHORITY = (
    "restore it from a copy, or remove its folder: the world then makes a new authority, which clients have to trust"
)

_NO_USAGE = dict.fromkeys(
    (
        "content_commitment",
        "crl_sign",
        "data_encipherment",
        "decipher_only",
        "digital_signature",
        "encipher_only",
        "key_agreement",
        "key_cert_sign",
        "key_encipherment",
    ),
    False,
)


class Authority:
    """The authority whose key lies in `folder`. It is made where there is none, or none that would outlive a
    certificate; everything that the former one signed is then replaced too. Raises Damaged for one that is no more
    what it was."""

    def __init__(self, folder: Path, now: datetime | None = None) -> None:
        self._folder = folder
        self._now = now or datetime.now(UTC)
        self.ca_file = folder / "ca.pem"
        """The certificate alone, which is no secret."""
        certificate_and_key = self._known()
        self.is_new = certificate_and_key is None
        if certificate_and_key is None:
            certificate_and_key = _new_authority(self._now)
            write_private(folder / "ca.key", _key_pem(certificate_and_key[1]))
            write_private(self.ca_file, _pem(certificate_and_key[0]))
        self.certificate, self._key = certificate_and_key

    @property
    def pem(self) -> bytes:
        return _pem(self.certificate).encode()

    def certificate_file(self, name: str, hosts: Sequence[str]) -> Path:
        """A certificate for a server of these host names and addresses, with its key, in one private file."""
        file = self._folder / f"{name}.pem"
        with FileLock(self._folder / ".lock"):  # a script starts several clients at once, each with a proxy of its own
            if not self._serves(file, hosts):
                key = ec.generate_private_key(ec.SECP256R1())
                write_private(file, _key_pem(key) + _pem(self._sign(key.public_key(), hosts)))
        return file

    def _known(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        key_file = self._folder / "ca.key"
        certificate_pem, key_pem = read_text(self.ca_file, NEW_AUTHORITY), read_text(key_file, NEW_AUTHORITY)
        if certificate_pem is None:  # the key is written first
            return None
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        except ValueError:
            raise damaged(self.ca_file, NEW_AUTHORITY) from None
        try:
            key = serialization.load_pem_private_key((key_pem or "").encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise damaged(key_file, NEW_AUTHORITY) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise damaged(key_file, NEW_AUTHORITY)
        return (certificate, key) if certificate.not_valid_after_utc > self._now + CERTIFICATE_LIFE else None

    def _serves(self, file: Path, hosts: Sequence[str]) -> bool:
        """Whether what lies there is ours, for these hosts, and valid for long enough."""
        with suppress(FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            certificate.verify_directly_issued_by(self.certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            return set(names) == set(_names(hosts)) and certificate.not_valid_after_utc > self._now + RENEWAL
        return False

    def _sign(self, key: ec.EllipticCurvePublicKey, hosts: Sequence[str]) -> x509.Certificate:
        own_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _builder(hosts[0], key, self.certificate.subject, self._now, CERTIFICATE_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True}), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(_names(hosts)), critical=False)
            .add_extension(own_key, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def server_hosts(listening: str) -> tuple[str, ...]:
    """Names by which a server that listens there is reached."""
    is_of_this_machine = listening in LOOPBACK_HOSTS or listening in WILDCARD_ADDRESSES
    return LOOPBACK_HOSTS if is_of_this_machine else (*LOOPBACK_HOSTS, listening)


def _new_authority(now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    # Two worlds' authorities must differ by name: a client that trusts both finds the right one by it.
    name = f"Azure Backup simulator {x509.random_serial_number():x}"[:40]
    certificate = (
        _builder(name, key.public_key(), _named(name), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _builder(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    return [_name(host) for host in hosts]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
