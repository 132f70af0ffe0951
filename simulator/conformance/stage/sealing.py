"""Certificates of a machine and settings sealed for them, by the openssl program."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

AES, TRIPLE_DES = "-aes256", "-des3"
"""What the service seals with: triple DES, and AES-256 for machines that have opted in to FIPS 140-3."""
LONGEST_SECONDS = 60


class OpensslMissing(Exception):
    """There is no openssl program, or it failed."""


@dataclass(frozen=True)
class Certificate:
    """PEM texts, and the SHA-1 thumbprint in upper case."""

    certificate: bytes
    key: bytes
    thumbprint: str

    def put_into(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.thumbprint}.crt").write_bytes(self.certificate)
        (folder / f"{self.thumbprint}.prv").write_bytes(self.key)
        (folder / f"{self.thumbprint}.prv").chmod(0o600)


def made(folder: Path, name: str) -> Certificate:
    """A new self-signed certificate. `folder` must be private."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subject = f"/DC=Windows Azure CRP Certificate Generator/CN={name}"
    arguments = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "30", "-subj", subject]
    _openssl([*arguments, "-keyout", str(key), "-out", str(certificate)])
    content = certificate.read_bytes()
    return Certificate(content, key.read_bytes(), _thumbprint(content))


def _thumbprint(pem: bytes) -> str:
    """SHA-1 of the DER between the lines of a PEM text."""
    body = pem.partition(b"-----BEGIN CERTIFICATE-----")[2].partition(b"-----END CERTIFICATE-----")[0]
    return hashlib.sha1(base64.b64decode(body), usedforsecurity=False).hexdigest().upper()


def sealed(text: str, certificate: Certificate, folder: Path, cipher: str) -> str:
    """A CMS envelope as settings carry it: DER in base64, in one line."""
    recipient = folder / "recipient.pem"
    recipient.write_bytes(certificate.certificate)
    arguments = ["cms", "-encrypt", "-binary", "-outform", "DER", cipher, str(recipient)]
    return base64.b64encode(_openssl(arguments, text.encode())).decode()


def _openssl(arguments: list[str], given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            ["openssl", *arguments], input=given, capture_output=True, timeout=LONGEST_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise OpensslMissing(str(problem)) from None
    if done.returncode != 0:
        raise OpensslMissing(done.stderr.decode(errors="replace").strip()[-300:])
    return done.stdout
