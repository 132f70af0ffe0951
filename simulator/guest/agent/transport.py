"""The agent's transport certificate, with which it requests and decrypts the machine's certificates."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from simulator.guest.files import write_private, write_whole

CERTIFICATE_FILE = "TransportCert.pem"
KEY_FILE = "TransportPrivate.pem"
CIPHER = "AES128_CBC"
VALID_DAYS = 730


@dataclass(frozen=True, slots=True)
class MachineCertificate:
    """A certificate of the machine with its private key, as the files hold them."""

    thumbprint: str
    certificate: bytes
    key: bytes = field(repr=False)


class Transport:
    """Made at the agent's first start in this folder, and kept there; made anew where it cannot be read, since nobody
    else has a part of it."""

    def __init__(self, folder: Path) -> None:
        certificate_file, key_file = folder / CERTIFICATE_FILE, folder / KEY_FILE
        kept = _read(certificate_file, key_file)
        if kept is None:
            kept = _make()
            write_private(key_file, kept[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            write_whole(certificate_file, kept[0].public_bytes(Encoding.PEM))
        self._certificate, self._key = kept

    def headers(self) -> dict[str, str]:
        """What goes with the request for the certificates."""
        certificate = base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()
        return {"x-ms-guest-agent-public-x509-cert": certificate, "x-ms-cipher-name": CIPHER}

    def open(self, sealed: bytes) -> MachineCertificate:
        """The certificate in the CMS envelope that came back: a PFX with an empty password. ValueError if it isn't."""
        pfx = pkcs7.pkcs7_decrypt_der(sealed, self._certificate, self._key, [])
        own_key, certificate, _ = pkcs12.load_key_and_certificates(pfx, None)
        if own_key is None or certificate is None:
            raise ValueError("the certificate package holds no certificate with its key")
        return MachineCertificate(
            thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),
            certificate=certificate.public_bytes(Encoding.PEM),
            key=own_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )


def _read(certificate_file: Path, key_file: Path) -> tuple[x509.Certificate, rsa.RSAPrivateKey] | None:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        # Not checked for being a good key, which takes long: this agent made it.
        key = load_pem_private_key(key_file.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    except (FileNotFoundError, ValueError):
        return None
    return (certificate, key) if isinstance(key, rsa.RSAPrivateKey) else None


def _make() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "GuestAgentTransport")])
    made = datetime.now(UTC) - timedelta(days=1)  # real time, as whoever checks it does
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made)
        .not_valid_after(made + timedelta(days=VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    return certificate, key
