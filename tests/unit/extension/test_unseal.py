"""Protected settings are opened with this machine's key, by whatever program this machine has."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from extension.contract.protocol import SettingsFile
from extension.contract.reports import Code
from extension.contract.settings import SettingsError
from extension.unseal import LINUX_AGENT_FOLDER, Unsealing, certificate_folders, unseal

NO_PROGRAM = "no-such-program"
SECRET = "c2VjcmV0c2VjcmV0"
PLAIN = json.dumps({"statusBlobUri": f"https://a/b?sig={SECRET}", "name": "数据"}, ensure_ascii=False).encode()


class Machine:
    """A machine's certificate store in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tenant")])
        start = datetime(2026, 1, 1, tzinfo=UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
        self.certificate = builder.not_valid_after(start + timedelta(days=9)).sign(self.key, hashes.SHA256())
        self.thumbprint = self.certificate.fingerprint(hashes.SHA1()).hex().upper()
        self.install(self.thumbprint)

    def install(self, thumbprint: str) -> None:
        """Put certificate and key under this thumbprint."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        (self.folder / f"{thumbprint}.crt").write_bytes(pem)
        encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        key = self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
        (self.folder / f"{thumbprint}.prv").write_bytes(key)

    def seal(self, plain: bytes = PLAIN, cipher: str = "-aes256") -> SettingsFile:
        command = ["openssl", "cms", "-encrypt", "-binary", "-outform", "DER", cipher]
        certificate = self.folder / f"{self.thumbprint}.crt"
        envelope = subprocess.run([*command, certificate], input=plain, capture_output=True, check=True).stdout
        return SettingsFile({}, base64.b64encode(envelope).decode(), self.thumbprint)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine") / "certificates")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("stranger") / "certificates")


def refusal(settings: SettingsFile, folder: Path, openssl: str = "openssl") -> SettingsError:
    with pytest.raises(SettingsError) as error:
        unseal(settings, [folder], openssl)
    assert SECRET not in f"{error.value} {error.value!r} {error.value.__context__!r}"
    return error.value


@pytest.mark.parametrize(
    ("cipher", "openssl"),
    [("-aes256", "openssl"), ("-aes256", NO_PROGRAM), ("-des3", "openssl"), ("-aes128", "openssl")],
)
def test_an_envelope_for_this_machine_is_opened(machine: Machine, cipher: str, openssl: str) -> None:
    assert unseal(machine.seal(cipher=cipher), [machine.folder], openssl) == json.loads(PLAIN)


def test_triple_des_without_the_openssl_program_is_refused_by_name(machine: Machine) -> None:
    error = refusal(machine.seal(cipher="-des3"), machine.folder, NO_PROGRAM)
    assert error.code == Code.FailedHandlerGuestAgentCertificateNotFound
    assert machine.thumbprint in error.message


def test_an_old_openssl_opens_by_its_other_command(machine: Machine, tmp_path: Path) -> None:
    old = tmp_path / "openssl"
    old.write_text('#!/bin/sh\n[ "$1" = smime ] && exec openssl "$@"\nexit 1\n')
    old.chmod(0o755)
    assert unseal(machine.seal(cipher="-des3"), [machine.folder], str(old)) == json.loads(PLAIN)


def test_without_anything_to_open_with_it_says_so(machine: Machine) -> None:
    root = Path(__file__).parents[3]
    settings = machine.seal()
    script = (
        f"import sys; sys.path.insert(0, {str(root)!r})\n"
        "from pathlib import Path\n"
        "from extension.contract.protocol import SettingsFile\n"
        "from extension.unseal import SettingsError, unseal\n"
        "try:\n"
        f"    unseal(SettingsFile({{}}, sys.argv[1], sys.argv[2]), [Path(sys.argv[3])], {NO_PROGRAM!r})\n"
        "except SettingsError as error:\n"
        "    print(int(error.code), error)\n"
    )
    # -S: without the packages of this environment, as on a machine that has only the standard library.
    arguments = [str(settings.protected), machine.thumbprint, str(machine.folder)]
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script, *arguments], capture_output=True, text=True)
    assert done.stdout.startswith("16 This machine has no program"), done.stderr


@pytest.mark.parametrize("openssl", ["openssl", NO_PROGRAM])
def test_an_envelope_for_another_machine_stays_shut(machine: Machine, stranger: Machine, openssl: str) -> None:
    stranger.install(machine.thumbprint)
    error = refusal(machine.seal(), stranger.folder, openssl)
    assert error.code == Code.FailedHandlerGuestAgentCertificateNotFound


@pytest.mark.parametrize("openssl", ["openssl", NO_PROGRAM])
@pytest.mark.parametrize("protected", ["%%%", "TUlJQg==", "", "ä"])
def test_what_is_no_envelope_is_refused(machine: Machine, protected: str, openssl: str) -> None:
    error = refusal(SettingsFile({}, protected, machine.thumbprint), machine.folder, openssl)
    assert error.code == Code.FailedHandlerGuestAgentCertificateNotFound


@pytest.mark.parametrize("thumbprint", [None, "", "AB" * 20, "../" * 13 + "x", "AB" * 19 + "/A"])
def test_a_certificate_that_is_not_here_is_named(machine: Machine, thumbprint: str | None) -> None:
    settings = machine.seal()._replace(thumbprint=thumbprint)
    error = refusal(settings, machine.folder)
    assert error.code == Code.FailedHandlerGuestAgentCertificateNotFound
    assert "certificate" in error.message


def test_a_thumbprint_may_be_in_lower_case(machine: Machine) -> None:
    settings = machine.seal()._replace(thumbprint=machine.thumbprint.lower())
    assert unseal(settings, [machine.folder]) == json.loads(PLAIN)


@pytest.mark.parametrize("plain", [f'{{"objectStr": "{SECRET}"'.encode(), b"[1]", b""])
def test_an_envelope_with_something_else_inside_is_malformed(machine: Machine, plain: bytes) -> None:
    error = refusal(machine.seal(plain), machine.folder)
    assert error.code == Code.error_parameter
    assert "protectedSettings" in error.message


def test_noise_inside_means_the_wrong_key(machine: Machine) -> None:
    error = refusal(machine.seal(b"\xff\xfe\xfd"), machine.folder)
    assert error.code == Code.FailedHandlerGuestAgentCertificateNotFound


def test_no_envelope_at_all_means_no_protected_settings(machine: Machine) -> None:
    assert unseal(SettingsFile({"taskId": "t"}, None, machine.thumbprint), [machine.folder]) == {}


def test_what_a_thread_opens_or_cannot_open_is_said_to_who_asks_for_it(machine: Machine, stranger: Machine) -> None:
    assert Unsealing(machine.seal(), [machine.folder]).result() == json.loads(PLAIN)
    shut = Unsealing(machine.seal(), [stranger.folder])
    for _ in range(2):
        with pytest.raises(SettingsError) as error:
            shut.result()
        assert error.value.code is Code.FailedHandlerGuestAgentCertificateNotFound


def test_plain_text_never_touches_the_disk(machine: Machine) -> None:
    root = Path(__file__).parents[3]
    settings = machine.seal()
    script = (
        "import os, sys\n"
        "written = []\n"
        "def watch(event, arguments):\n"
        "    named = event == 'open' and not isinstance(arguments[0], int)\n"
        "    if named and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):\n"
        "        written.append(arguments[0])\n"
        f"sys.path.insert(0, {str(root)!r}); sys.dont_write_bytecode = True\n"
        "from pathlib import Path\n"
        "from extension.contract.protocol import SettingsFile\n"
        "from extension.unseal import unseal\n"
        "sys.addaudithook(watch)\n"
        "plain = unseal(SettingsFile({}, sys.argv[1], sys.argv[2]), [Path(sys.argv[3])])\n"
        "print(sorted(plain), written)\n"
    )
    arguments = [str(settings.protected), machine.thumbprint, str(machine.folder)]
    command = [sys.executable, "-I", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['name', 'statusBlobUri'] []\n"


def test_certificates_of_a_simulated_guest_lie_beside_its_token(tmp_path: Path) -> None:
    package = tmp_path / "guest" / "Packages" / "Plugins" / "Contoso.VMSnapshot" / "1.9.0.0"
    package.mkdir(parents=True)
    assert certificate_folders(package) == (LINUX_AGENT_FOLDER,)
    (tmp_path / "guest" / "bridge.token").write_text("t")
    windows = tmp_path / "guest" / "WindowsAzure" / "Certificates"
    linux = tmp_path / "guest" / "var" / "lib" / "waagent"
    assert certificate_folders(package) == (windows, linux, LINUX_AGENT_FOLDER)
