"""The tenant certificate of a machine: created once, kept by the host, and encrypted for the agent that requests it.

Protected settings are sealed for the tenant certificate, so only its machine can open them. The agent fetches it with
its private key as a PFX, inside a CMS envelope for the transport certificate that it showed with its request.
"""

from __future__ import annotations

import base64
import binascii
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from controlplane.writer_held import about_to_wait
from simulator.guest.files import write_private, write_whole

ISSUER = "Windows Azure CRP Certificate Generator"
"""The domain component by which tenant certificates of the real service name their maker."""
VALID_DAYS = 20 * 365
CIPHERS = ("AES128_CBC", "DES_EDE3_CBC")
"""What an agent may ask for in `x-ms-cipher-name`."""


class SealingFailed(Exception):
    """The certificate package could not be encrypted as the agent requested."""


@dataclass(frozen=True, slots=True)
class TenantCertificate:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def thumbprint(self) -> str:
        return thumbprint(self.certificate)

    def pfx(self) -> bytes:
        """Certificate and key under the empty password; the envelope around it is its protection."""
        return pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, None, NoEncryption())


def thumbprint(certificate: x509.Certificate) -> str:
    # SHA-1 is a name here, given by the protocol, not a protection.
    return certificate.fingerprint(hashes.SHA1()).hex().upper()


def make_tenant_certificate() -> TenantCertificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.DOMAIN_COMPONENT, ISSUER)])
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
    return TenantCertificate(certificate, key)


def tenant_certificate(folder: Path) -> TenantCertificate:
    """The one kept in this folder; made there the first time, and anew where it cannot be read. What was sealed for the
    one before cannot be opened any more then."""
    certificate_file, key_file = folder / "tenant.crt", folder / "tenant.prv"
    with suppress(FileNotFoundError, ValueError):
        # Not checked for being a good key, which takes long: this host made it.
        key = load_pem_private_key(key_file.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        if isinstance(key, rsa.RSAPrivateKey):
            return TenantCertificate(certificate, key)
    made = make_tenant_certificate()
    write_private(key_file, made.key_pem)
    write_whole(certificate_file, made.pem)
    return made


def seal_for_transport(pfx: bytes, transport_certificate: str, cipher: str = CIPHERS[0]) -> bytes:
    """The PFX in a CMS envelope (DER) for the agent's certificate, which comes as the bare base64 of its PEM text."""
    try:
        recipient = x509.load_der_x509_certificate(base64.b64decode(transport_certificate, validate=True))
    except (ValueError, binascii.Error):
        raise SealingFailed("x-ms-guest-agent-public-x509-cert is not a certificate") from None
    if cipher == "DES_EDE3_CBC":
        return _seal_with_openssl(pfx, recipient)
    if cipher != "AES128_CBC":
        raise SealingFailed(f"x-ms-cipher-name is not one of {', '.join(CIPHERS)}")
    return (
        pkcs7.PKCS7EnvelopeBuilder()
        .set_data(pfx)
        .add_recipient(recipient)
        .set_content_encryption_algorithm(algorithms.AES128)
        .encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )


def _seal_with_openssl(pfx: bytes, recipient: x509.Certificate) -> bytes:
    """Triple DES, which the library does not write any more. Only old agents ask for it."""
    about_to_wait("openssl")
    # The certificate has to be a file; the secret goes through the pipe.
    with tempfile.NamedTemporaryFile(suffix=".crt") as file:
        file.write(recipient.public_bytes(Encoding.PEM))
        file.flush()
        command = ["openssl", "cms", "-encrypt", "-binary", "-des3", "-outform", "DER", file.name]
        try:
            return subprocess.run(command, input=pfx, capture_output=True, check=True, timeout=30).stdout
        except (OSError, subprocess.SubprocessError):
            raise SealingFailed("DES_EDE3_CBC needs the openssl program on this host") from None
