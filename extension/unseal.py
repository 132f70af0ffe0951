"""Opens the protected settings: a CMS envelope for a certificate whose key lies on this machine.

The openssl program comes first: it opens whatever a service may send, AES-256 and triple DES. The cryptography package
opens AES only, and only where it happens to be installed. Key and plain text stay in pipes and memory.
"""

from __future__ import annotations

import binascii
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from extension.contract.bridge import TOKEN_FILE
from extension.contract.codes import Code
from extension.contract.messages import Sentence
from extension.contract.protocol import Json, ProtocolError, SettingsFile, load_json
from extension.contract.settings_json import SettingsError, malformed

LINUX_AGENT_FOLDER = Path("/var/lib/waagent")
CERTIFICATES_FOLDERS = (Path("WindowsAzure", "Certificates"), Path("var", "lib", "waagent"))
"""On the system disk of a simulated guest: the first stands for the certificate store of a Windows machine, the second
is where the agent of a Linux one keeps them."""
OPENSSL_SECONDS = 30


def certificate_folders(package_root: Path) -> tuple[Path, ...]:
    """Where the agent of this machine keeps certificates and keys."""
    simulated = (folder for folder in (package_root, *package_root.parents) if (folder / TOKEN_FILE).is_file())
    return *(disk / folder for disk in simulated for folder in CERTIFICATES_FOLDERS), LINUX_AGENT_FOLDER


def unseal(settings: SettingsFile, folders: Sequence[Path], openssl: str = "openssl") -> Json:
    """The protected settings in plain; empty when there are none. Raises SettingsError."""
    if settings.protected is None:
        return {}
    thumbprint = (settings.thumbprint or "").strip().upper()
    certificate, key = _key_pair(thumbprint, folders)
    openers = 0
    for plain in _attempts(_envelope(settings.protected, thumbprint), certificate, key, openssl):
        openers += 1
        if plain is not None:
            return _settings(plain, thumbprint)
    raise _refusal(Sentence.NOT_UNSEALED if openers else Sentence.NO_DECRYPTION, thumbprint)


class Unsealing:
    """Opens protected settings in a thread: that takes a program of its own, and so a while."""

    def __init__(self, settings: SettingsFile, folders: Sequence[Path]) -> None:
        self._plain: Json = {}
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._unseal, args=(settings, folders), name="unsealing", daemon=True)
        self._thread.start()

    def result(self) -> Json:
        """What `unseal` returns, or raises what it raises."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._plain

    def _unseal(self, settings: SettingsFile, folders: Sequence[Path]) -> None:
        try:
            self._plain = unseal(settings, folders)
        except Exception as problem:  # noqa: BLE001 - whoever asks for the result gets it
            self._problem = problem


def _refusal(sentence: Sentence, thumbprint: str) -> SettingsError:
    return SettingsError(Code.FailedHandlerGuestAgentCertificateNotFound, sentence, thumbprint=thumbprint)


def _key_pair(thumbprint: str, folders: Sequence[Path]) -> tuple[Path, Path]:
    # The thumbprint becomes part of a path, so it has to be one.
    if len(thumbprint) == 40 and set(thumbprint) <= set("0123456789ABCDEF"):
        for folder in folders:
            certificate, key = folder / f"{thumbprint}.crt", folder / f"{thumbprint}.prv"
            if certificate.is_file() and key.is_file():
                return certificate, key
        raise _refusal(Sentence.NO_CERTIFICATE, thumbprint)
    raise _refusal(Sentence.NO_CERTIFICATE, "?")


def _envelope(text: str, thumbprint: str) -> bytes:
    try:
        return binascii.a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True)
    except ValueError:
        raise _refusal(Sentence.NOT_UNSEALED, thumbprint) from None


def _attempts(envelope: bytes, certificate: Path, key: Path, openssl: str) -> Iterator[bytes | None]:
    """One result for each way of opening the envelope that this machine has; None = that way did not open it."""
    import subprocess  # not needed before there is an envelope

    for tool in ("cms", "smime"):
        command = [openssl, tool, "-decrypt", "-binary", "-inform", "DER", "-recip", certificate, "-inkey", key]
        try:
            done = subprocess.run(command, input=envelope, capture_output=True, timeout=OPENSSL_SECONDS, check=False)
        except OSError:
            break
        except subprocess.TimeoutExpired:
            yield None
        else:
            yield done.stdout if done.returncode == 0 else None
    try:
        import cryptography.exceptions
        import cryptography.x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7
    except ImportError:
        return
    try:
        recipient = cryptography.x509.load_pem_x509_certificate(certificate.read_bytes())
        private_key = load_pem_private_key(key.read_bytes(), password=None)
        yield pkcs7.pkcs7_decrypt_der(envelope, recipient, private_key, [])  # type: ignore[arg-type]
    except (ValueError, TypeError, cryptography.exceptions.UnsupportedAlgorithm):
        yield None


def _settings(plain: bytes, thumbprint: str) -> Json:
    try:
        settings = load_json(plain.decode("utf-8-sig"), "the protected settings")
    except UnicodeDecodeError:
        # The padding does not detect every wrong key; the output is then random bytes.
        raise _refusal(Sentence.NOT_UNSEALED, thumbprint) from None
    except ProtocolError:
        settings = None
    if not isinstance(settings, dict):
        raise malformed("protectedSettings")
    return settings
