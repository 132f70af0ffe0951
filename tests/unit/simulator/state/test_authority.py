"""The authority of a state folder: what it signs, when it is made anew, and that its keys stay private."""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from cryptography import x509

from simulator.serving import Message, Receive, Send, Serving
from simulator.state.authority import CERTIFICATE_LIFE, RENEWAL, Authority, server_hosts
from simulator.state.kept_files import Damaged

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOSTS = ("localhost", "127.0.0.1", "::1")


async def scheme(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["scheme"].encode()})


def certificate(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def content(folder: Path) -> Mapping[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_client_that_trusts_the_authority_reaches_the_server_by_each_of_its_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    serving = Serving(scheme, certificate=authority.certificate_file("server", HOSTS))
    try:
        assert serving.url == f"https://127.0.0.1:{serving.port}"
        trusting = ssl.create_default_context(cafile=str(authority.ca_file))
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
        for name in ("localhost", "127.0.0.1"):
            connection = http.client.HTTPSConnection(name, serving.port, timeout=10, context=trusting)
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"https"
            connection.close()
        stranger = Authority(_folder(tmp_path / "other"))
        distrusting = ssl.create_default_context(cafile=str(stranger.ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", serving.port, timeout=10, context=distrusting)
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/")
    finally:
        serving.close()


def test_an_idle_client_does_not_hold_the_end_of_a_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    authority = Authority(tmp_path)
    serving = Serving(scheme, certificate=authority.certificate_file("server", HOSTS))
    trusting = ssl.create_default_context(cafile=str(authority.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", serving.port, timeout=10, context=trusting)
    try:
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"https"
        with caplog.at_level(logging.ERROR, "uvicorn"):
            serving.close()
        assert not caplog.records, "the server did not wait until its time was over"
    finally:
        connection.close()


def test_a_second_start_finds_everything_as_it_was(tmp_path: Path) -> None:
    Authority(tmp_path, NOW).certificate_file("server", HOSTS)
    before = content(tmp_path)
    Authority(tmp_path, NOW + timedelta(days=100)).certificate_file("server", HOSTS)
    assert content(tmp_path) == before


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    server = Authority(tmp_path).certificate_file("server", HOSTS)
    keys = [file for file in tmp_path.iterdir() if b"PRIVATE KEY" in file.read_bytes()]
    assert sorted(keys) == sorted([tmp_path / "ca.key", server])
    assert [file.stat().st_mode & 0o077 for file in keys] == [0, 0]
    assert b"PRIVATE" not in Authority(tmp_path).pem


def test_a_certificate_near_its_end_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    file = Authority(tmp_path, NOW).certificate_file("server", HOSTS)
    old, authority = certificate(file), Authority(tmp_path, NOW).pem
    later = NOW + CERTIFICATE_LIFE - RENEWAL
    Authority(tmp_path, later - timedelta(days=1)).certificate_file("server", HOSTS)
    assert certificate(file) == old
    renewed = Authority(tmp_path, later)
    renewed.certificate_file("server", HOSTS)
    assert certificate(file).not_valid_after_utc == later + CERTIFICATE_LIFE
    assert renewed.pem == authority


def test_other_names_need_another_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old = certificate(authority.certificate_file("server", HOSTS))
    new = certificate(authority.certificate_file("server", (*HOSTS, "192.0.2.7")))
    assert old != new
    names = new.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "192.0.2.7" in {str(address) for address in names.get_values_for_type(x509.IPAddress)}


def test_programs_that_start_together_get_one_certificate(tmp_path: Path) -> None:
    Authority(tmp_path)
    together = Barrier(8)

    def ask(_: int) -> bytes:
        authority = Authority(tmp_path)
        together.wait(30)
        return authority.certificate_file("storage", HOSTS).read_bytes()

    with ThreadPoolExecutor(8) as programs:
        assert len(set(programs.map(ask, range(8)))) == 1


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem"])
def test_an_authority_that_is_no_longer_whole_is_refused_until_it_is_removed(tmp_path: Path, lost: str) -> None:
    """Clients trust it, so it is not replaced in silence."""
    old = Authority(tmp_path, NOW)
    file = old.certificate_file("server", HOSTS)
    before = certificate(file)
    (tmp_path / lost).write_bytes((Authority(_folder(tmp_path / "other"), NOW).ca_file.parent / lost).read_bytes())
    with pytest.raises(Damaged, match="or remove its folder"):
        Authority(tmp_path, NOW)
    for name in ("ca.key", "ca.pem"):
        (tmp_path / name).unlink()
    new = Authority(tmp_path, NOW)
    assert new.is_new
    assert new.pem != old.pem
    assert certificate(new.certificate_file("server", HOSTS)) != before
    certificate(file).verify_directly_issued_by(new.certificate)


def test_a_broken_certificate_file_is_replaced(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "server.pem").write_bytes(b"half of a")
    certificate(authority.certificate_file("server", HOSTS)).verify_directly_issued_by(authority.certificate)


def test_a_server_is_named_by_what_it_listens_on() -> None:
    assert server_hosts("127.0.0.1") == server_hosts("0.0.0.0") == server_hosts("::") == HOSTS
    assert server_hosts("192.0.2.7") == (*HOSTS, "192.0.2.7")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
