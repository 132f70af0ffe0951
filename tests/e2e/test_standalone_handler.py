"""The handler package by itself: unzipped into an empty folder, run as processes in a bare environment."""

from __future__ import annotations

import io
import json
import os
import signal
import ssl
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from controlplane.adapters.fabric import seal
from extension.contract.codes import Code
from extension.handler import spawn_worker
from simulator.host.certificates import TenantCertificate, make_tenant_certificate
from simulator.packages import packed
from tests.fake_guest import TOKEN
from tests.fake_storage import SECRET, FakeStorage, Request
from tests.handler_rig import Rig
from tests.installed_handler import EXTENSION, InstalledHandler

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def certificate() -> TenantCertificate:
    return make_tenant_certificate()


@pytest.fixture
def rig(tmp_path: Path, certificate: TenantCertificate) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    install(rig.handler, certificate)
    yield rig
    rig.close()


def install(handler: InstalledHandler, certificate: TenantCertificate) -> None:
    store = handler.disk / "WindowsAzure" / "Certificates"
    store.mkdir(parents=True)
    (store / f"{certificate.thumbprint}.crt").write_text(certificate.pem)
    (store / f"{certificate.thumbprint}.prv").write_bytes(certificate.key_pem)


def settle_sealed(rig: Rig, certificate: TenantCertificate, number: int = 1, **request: Any) -> None:
    public, protected = rig.request(**request)
    rig.handler.settle(number, public, seal(protected, certificate.pem), certificate.thumbprint)


def wait_for_the_worker(rig: Rig) -> None:
    assert rig.guest.session_ended.wait(30)


def processes_of(handler: InstalledHandler) -> list[int]:
    """Processes that run from this package. Its path is this test's own, so they are too."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            continue
        if folder.name.isdecimal() and os.fsencode(handler.root) in command and state != "Z":
            found.append(int(folder.name))
    return found


def wait_until_no_process(handler: InstalledHandler) -> None:
    until = monotonic() + 10
    while processes_of(handler):
        assert monotonic() < until, "the worker goes on"
        sleep(0.01)


# ---------------------------------------------------------------------------------------------------------------- alone


def test_in_an_empty_folder_it_can_be_installed(tmp_path: Path) -> None:
    root = tmp_path / "nothing else"
    with zipfile.ZipFile(io.BytesIO(packed(EXTENSION))) as package:
        package.extractall(root)
    done = subprocess.run(
        [sys.executable, "-I", root, "install"], env={}, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")
    assert "HandlerEnvironment.json is missing" in done.stderr


def test_it_imports_the_standard_library_only_and_no_tls_for_plain_http(
    rig: Rig, certificate: TenantCertificate
) -> None:
    settle_sealed(rig, certificate)
    (rig.handler.root / "Status" / "1.status").write_text("[]")
    program = (
        "import sys; from pathlib import Path; root = Path(sys.argv[1]); sys.path.insert(0, str(root))\n"
        "import os; from extension.handler import Package, work; work(Package(root, os.environ), 1)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, rig.handler.root],
        env=rig.handler.environ(1),
        capture_output=True,
        text=True,
        check=True,
    )

    assert rig.report().code == Code.success_appconsistent
    modules = done.stdout.split()
    foreign = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"extension", "__main__"}
    assert not foreign
    assert not {"ssl", "http", "http.client", "email", "dataclasses", "argparse", "logging", "inspect"} & set(modules)


# ------------------------------------------------------------------------------------------------------------- a backup


@pytest.mark.parametrize("how", ["python", "launcher"])
def test_enable_returns_and_its_worker_backs_up(rig: Rig, certificate: TenantCertificate, how: str) -> None:
    settle_sealed(rig, certificate, disks=3)
    assert rig.handler.run("install").returncode == 0
    if how == "python":
        done = rig.handler.run("enable")
    else:
        # As an agent does it: from the package root, with the interpreter that the guest was given.
        done = subprocess.run(
            ["sh", "bin/enable"],
            cwd=rig.handler.root,
            env={**rig.handler.environ(1), "VMSNAPSHOT_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wait_for_the_worker(rig)

    report = rig.report()
    assert (report.progress, report.consistency, report.code) == ("Succeeded", "AppConsistent", 0)
    assert rig.handler.status()["code"] == "0"
    assert rig.handler.status()["substatus"][0]["name"] == rig.storage.text("status")
    assert (rig.guest.thaws, rig.guest.ended_while_frozen, rig.snapshots()) == (1, False, 3)


def test_enable_returns_before_the_guest_has_frozen(rig: Rig, certificate: TenantCertificate) -> None:
    returned = threading.Event()
    rig.guest.on["freeze"] = lambda: returned.wait(30)
    settle_sealed(rig, certificate)
    rig.handler.run("enable")

    assert rig.handler.status()["code"] == "4"
    returned.set()
    wait_for_the_worker(rig)
    assert rig.handler.status()["code"] == "0"


def test_nothing_secret_is_left_on_the_guests_disk(rig: Rig, certificate: TenantCertificate) -> None:
    settle_sealed(rig, certificate)
    rig.handler.run("enable")
    wait_for_the_worker(rig)

    own = {"bridge.token", f"{certificate.thumbprint}.prv"}
    for path in rig.handler.disk.rglob("*"):
        if path.is_file() and path.name not in own:
            content = path.read_bytes()
            assert SECRET.encode() not in content, path
            assert TOKEN.encode() not in content, path
    settings = json.loads((rig.handler.root / "RuntimeSettings" / "1.settings").read_text())
    assert "protectedSettings" not in settings["runtimeSettings"][0]["handlerSettings"]


def test_a_worker_can_be_a_process_of_its_own_where_there_is_no_fork(rig: Rig, certificate: TenantCertificate) -> None:
    settle_sealed(rig, certificate)
    (rig.handler.root / "Status" / "1.status").write_text("[]")
    spawn_worker(rig.package(1), 1)
    wait_for_the_worker(rig)

    assert rig.report().consistency == "AppConsistent"


def test_the_same_number_twice_backs_up_once(rig: Rig, certificate: TenantCertificate) -> None:
    settle_sealed(rig, certificate)
    rig.handler.run("enable")
    wait_for_the_worker(rig)
    before = rig.handler.status()
    rig.handler.run("enable")

    assert rig.handler.status() == before
    assert rig.guest.verbs().count("session") == 1


def test_settings_sealed_for_another_machine_end_with_code_16(rig: Rig) -> None:
    other = make_tenant_certificate()
    settle_sealed(rig, other)
    rig.handler.run("enable")
    wait_for_the_worker(rig)

    status = json.loads(rig.handler.status()["substatus"][0]["name"])[0]["status"]
    assert (rig.handler.status()["code"], status["status"]) == ("16", "error")
    assert rig.storage.text("status") == ""


def test_storage_over_https_is_verified(tmp_path: Path) -> None:
    tls, ca_file = self_signed(tmp_path)
    rig = Rig(tmp_path / "guest", FakeStorage(tls))
    try:
        for number, environ in ((1, {}), (2, {"SSL_CERT_FILE": str(ca_file)})):
            rig.settle(number, task_id=f"task-{number}", disks=5)
            rig.guest.session_ended.clear()
            subprocess.run(
                [sys.executable, "-I", rig.handler.root, "enable"],
                env={**rig.handler.environ(number), **environ},
                check=True,
            )
            wait_for_the_worker(rig)
            assert rig.handler.status(number)["code"] == ("0" if environ else "76")
        assert rig.snapshots() == 5
    finally:
        rig.close()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    made = make_tenant_certificate()
    name = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(
            made.certificate.issuer,
            made.certificate.subject,
            made.key.public_key(),
            x509.random_serial_number(),
            made.certificate.not_valid_before_utc,
            made.certificate.not_valid_after_utc,
        )
        .add_extension(name, critical=False)
        .sign(made.key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + made.key_pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    return tls, path


# ---------------------------------------------------------------------------------------------------- inside the freeze


@LINUX
def test_nothing_is_written_opened_or_imported_inside_the_freeze(
    rig: Rig, certificate: TenantCertificate, tmp_path: Path
) -> None:
    settle_sealed(rig, certificate, disks=4)
    (rig.handler.root / "Status" / "1.status").write_text("[]")
    writable: list[str] = []
    out = tmp_path / "events.json"
    worker = subprocess.Popen(
        [sys.executable, "-I", Path(__file__).with_name("audited_worker.py"), rig.handler.root, "1", out],
        env=rig.handler.environ(1),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    rig.guest.on["freeze"] = rig.guest.on["thaw"] = lambda: writable.extend(files_open_for_writing(worker.pid))
    assert worker.wait(30) == 0
    assert rig.report().code == Code.success_appconsistent

    times = {verb: time for verb, _, time in rig.guest.calls}
    events: list[tuple[float, str, str]] = json.loads(out.read_text())
    inside = [(event, what) for time, event, what in events if times["freeze"] < time < times["thaw"]]
    assert any(event.startswith("socket.") for event, _ in inside)
    assert [(event, what) for event, what in inside if not event.startswith("socket.")] == []
    assert writable == [], "a file that is open could be written without any event"
    for before in (True, False):
        assert any(event == "open" for time, event, _ in events if (time < times["freeze"]) is before), "it would show"


def files_open_for_writing(pid: int) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        flags = int((link.parent.parent / "fdinfo" / link.name).read_text().split("flags:")[1].split()[0], 8)
        if stat.S_ISREG(link.stat().st_mode) and flags & (os.O_WRONLY | os.O_RDWR):
            found.append(str(link.readlink()))
    return found


# ---------------------------------------------------------------------------------------------------------- sudden ends


@LINUX
def test_a_worker_killed_while_frozen_is_seen_by_its_guest(rig: Rig, certificate: TenantCertificate) -> None:
    killed: list[int] = []

    def kill(request: Request) -> None:
        if "snapshot" in request.what and not killed:
            killed.extend(processes_of(rig.handler))
            for process in killed:
                os.kill(process, signal.SIGKILL)

    rig.storage.before = kill
    settle_sealed(rig, certificate, disks=1)
    rig.handler.run("enable")
    wait_for_the_worker(rig)

    assert killed
    assert (rig.guest.ended_while_frozen, rig.guest.thaws) == (True, 0)
    assert rig.report().progress == "InProgress"


@LINUX
@pytest.mark.parametrize("where", ["GET blob", "PUT blob", "PUT snapshot"])
def test_a_worker_ends_at_once_with_its_guest(rig: Rig, certificate: TenantCertificate, where: str) -> None:
    """Wherever it is, even while storage keeps it waiting. While it is frozen it thaws first."""
    let_go = threading.Event()

    def end_the_guest(request: Request) -> None:
        if request.what.startswith(where):
            rig.guest.end_sessions()
            let_go.wait(0.3 if "snapshot" in where else 30)

    rig.storage.before = end_the_guest
    settle_sealed(rig, certificate, disks=1)
    rig.handler.run("enable")
    wait_for_the_worker(rig)
    wait_until_no_process(rig.handler)
    let_go.set()

    assert rig.guest.thaws == (1 if "snapshot" in where else 0)
    assert "result:" not in rig.handler.log()
