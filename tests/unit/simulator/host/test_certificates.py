"""Tenant certificates, opened by the openssl program as a real agent opens them."""

from __future__ import annotations

import base64
import hashlib
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from simulator.host.certificates import SealingFailed, TenantCertificate, seal_for_transport, tenant_certificate


def run(*command: str | Path, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> TenantCertificate:
    return tenant_certificate(tmp_path_factory.mktemp("tenant"))


@pytest.fixture(scope="module")
def transport(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a transport certificate made in the agent's own way."""
    folder = tmp_path_factory.mktemp("transport")
    make = "openssl req -x509 -nodes -subj /CN=LinuxTransport -days 730 -newkey rsa:2048 -keyout"
    run(*make.split(), folder / "TransportPrivate.pem", "-out", folder / "TransportCert.pem")
    return folder


def shown(transport: Path) -> str:
    """The certificate as it stands in the agent's request header."""
    return "".join((transport / "TransportCert.pem").read_text().splitlines()[1:-1])


@pytest.mark.parametrize("cipher", ["AES128_CBC", "DES_EDE3_CBC"])
def test_a_real_agent_can_open_what_it_is_sent(tenant: TenantCertificate, transport: Path, cipher: str) -> None:
    sealed = seal_for_transport(tenant.pfx(), shown(transport), cipher)
    decrypt = ("openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", transport / "TransportPrivate.pem")
    pfx = run(*decrypt, "-recip", transport / "TransportCert.pem", data=sealed)
    pem = run("openssl", "pkcs12", "-nodes", "-password", "pass:", data=pfx)
    certificate = run("openssl", "x509", "-outform", "DER", data=pem)
    assert hashlib.sha1(certificate).hexdigest().upper() == tenant.thumbprint
    assert run("openssl", "pkey", "-pubout", data=pem) == run("openssl", "x509", "-pubkey", "-noout", data=pem)


def test_what_is_sealed_shows_the_cipher_that_was_asked_for(tenant: TenantCertificate, transport: Path) -> None:
    for cipher, name in (("AES128_CBC", b"aes-128-cbc"), ("DES_EDE3_CBC", b"des-ede3-cbc")):
        sealed = seal_for_transport(tenant.pfx(), shown(transport), cipher)
        assert name in run("openssl", "asn1parse", "-inform", "DER", data=sealed)


def test_settings_sealed_for_the_certificate_open_with_its_key(tenant: TenantCertificate, tmp_path: Path) -> None:
    certificate, key = tmp_path / "tenant.crt", tmp_path / "tenant.prv"
    certificate.write_text(tenant.pem)
    key.write_bytes(tenant.key_pem)
    sealed = run("openssl", "cms", "-encrypt", "-binary", "-outform", "DER", "-aes256", certificate, data=b"secret")
    decrypt = ("openssl", "cms", "-decrypt", "-inform", "DER", "-recip", certificate, "-inkey", key)
    assert run(*decrypt, data=sealed) == b"secret"


def test_the_certificate_is_as_the_service_makes_it(tenant: TenantCertificate) -> None:
    text = run("openssl", "x509", "-noout", "-issuer", "-text", data=tenant.pem.encode()).decode()
    assert "Windows Azure CRP Certificate Generator" in text
    assert "2048 bit" in text
    der = ssl.PEM_cert_to_DER_cert(tenant.pem)
    assert tenant.thumbprint == hashlib.sha1(der).hexdigest().upper()


def test_it_is_made_once_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    made = tenant_certificate(tmp_path)
    again = tenant_certificate(tmp_path)
    assert (made.pem, made.key_pem) == (again.pem, again.key_pem)
    assert stat.S_IMODE((tmp_path / "tenant.prv").stat().st_mode) == 0o600


def test_two_machines_have_two(tenant: TenantCertificate, tmp_path: Path) -> None:
    assert tenant_certificate(tmp_path).thumbprint != tenant.thumbprint


@pytest.mark.parametrize("header", ["", "?", base64.b64encode(b"no certificate").decode()])
def test_what_is_no_certificate_is_named(tenant: TenantCertificate, header: str) -> None:
    with pytest.raises(SealingFailed, match="x-ms-guest-agent-public-x509-cert"):
        seal_for_transport(tenant.pfx(), header)


def test_an_unknown_cipher_is_named(tenant: TenantCertificate, transport: Path) -> None:
    with pytest.raises(SealingFailed, match="x-ms-cipher-name"):
        seal_for_transport(tenant.pfx(), shown(transport), "ROT13")


def test_the_key_shows_in_no_repr(tenant: TenantCertificate) -> None:
    assert "RSAPrivateKey" not in repr(tenant)
