"""Logs: a JSON object a line, from whoever logs, and no secret whatever road it came."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as some

from simulator.failures import WrongUse
from simulator.state.logs import FILE, recording, redact

WRAPPINGS: dict[str, Callable[[str], str]] = {
    "JSON": json.dumps,
    "JSON in an object": lambda text: json.dumps({"uri": text, "next": 1}),
    "JSON as .NET writes it": lambda text: json.dumps(text).replace("&", "\\u0026"),
    "a query value": lambda text: "http://127.0.0.1/x?from=" + quote(text, safe="") + "&to=1",
    "a repr": repr,
    "an exception": lambda text: repr(ValueError(text)),
    "a list": lambda text: f"[{text}, {text}]",
    "markup": lambda text: f"<Url>{text}</Url>",
}
SHAPES: dict[str, str] = {
    "SAS": "http://127.0.0.1:10000/acc/vhds/os.vhd?sv=2018-03-28&sr=b&sp=rw&se=2026-01-01T00%3A00%3A00Z&sig={}%3D&x=1",
    "SAS, signature last": "https://acc.blob.core.windows.net/vhds/os.vhd?sr=b&sig={}%3D",
    "connection string": "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey={}==;BlobEndpoint=http://x/acc;",
    "bearer": "Authorization: Bearer {}",
    "form": "grant_type=client_credentials&client_id=1&client_secret={}&scope=x",
    "attribute": "Endpoints(pid=1, client_secret='{}', sim_token='{}')",
    "document": '{{"protectedSettings": "{}", "protectedSettingsCertThumbprint": "AB"}}',
    "password": '{{"osProfile": {{"adminPassword": "{}"}}}}',
    "shared key": "x-ms-date: now Authorization: SharedKey acc:{}=",
}
alphanumeric = some.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=64)


@given(
    secret=alphanumeric,
    shape=some.sampled_from(list(SHAPES)),
    wrappings=some.lists(some.sampled_from(list(WRAPPINGS)), max_size=3),
    before=some.text(max_size=10),
)
def test_no_wrapping_brings_a_secret_through(secret: str, shape: str, wrappings: list[str], before: str) -> None:
    text = before + " " + SHAPES[shape].replace("{}", secret).replace("{{", "{").replace("}}", "}")
    encoded = any(name == "a query value" for name in wrappings)
    if encoded and not shape.startswith("SAS"):
        return  # only URLs travel inside URLs
    for name in wrappings:
        text = WRAPPINGS[name](text)
    assert secret not in redact(text)
    assert redact(redact(text)) == redact(text)


def test_a_key_a_token_and_a_private_key_are_known_by_their_shape() -> None:
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhcm0ifQ.c2lnbmF0dXJl"
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
    assert redact(f'{{"key": "{key}", "n": 1}}') == '{"key": "***", "n": 1}'
    assert redact(f"got {token}.") == "got ***."
    assert "MIIEow" not in redact(pem)
    assert "MIIEow" not in redact(json.dumps(pem)[:50]), "also where the end was cut off"


@pytest.mark.parametrize(
    "text",
    [
        "design=modern; assignment: done; signature checked",
        '{"protectionState": "Protected", "consistency": "AppConsistent"}',
        "https://acc.blob.core.windows.net/vhds/os.vhd?snapshot=2026-01-01T00:00:00.0000000Z",
        "the bearer of bad news",
        "client_secret=None",
        "Take Snapshot: Completed in 0.8 s",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_the_neighbours_of_a_signature_stay() -> None:
    assert redact("GET /acc/c/b?sr=b&sig=abc%2Fdef&sp=rw failed") == "GET /acc/c/b?sr=b&sig=***&sp=rw failed"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text(encoding="utf-8").splitlines()]


def test_every_line_is_an_object_with_time_level_and_origin(tmp_path: Path) -> None:
    with recording(tmp_path), structlog.contextvars.bound_contextvars(job="j1"):
        structlog.get_logger("simulator.host").warning("agent is silent", vm="sql01", seconds=30)
        logging.getLogger("some.library").warning("retry %d of %s", 2, "http://x/?sig=abcdefgh&y")
    ours, theirs = lines(tmp_path)
    assert ours.pop("time").endswith("Z")
    assert ours == {
        "event": "agent is silent",
        "level": "warning",
        "logger": "simulator.host",
        "vm": "sql01",
        "seconds": 30,
        "job": "j1",
    }
    assert (theirs["event"], theirs["logger"], theirs["job"]) == (
        "retry 2 of http://x/?sig=***&y",
        "some.library",
        "j1",
    )


def test_an_exception_is_kept_without_its_secrets(tmp_path: Path) -> None:
    with recording(tmp_path):
        try:
            raise ConnectionError("PUT http://127.0.0.1/acc/c/b?comp=page&sig=Zm9vYmFy%3D refused")
        except ConnectionError:
            structlog.get_logger("x").exception("write failed", key=b"secret")
            logging.getLogger("y").exception("write failed")
    for line in lines(tmp_path):
        assert "sig=*** refused" in line["exception"]
        assert "Zm9vYmFy" not in json.dumps(line)


def test_levels_and_chatty_libraries(tmp_path: Path) -> None:
    def heard(level: str | None) -> set[str]:
        folder = tmp_path / str(level)
        with recording(folder, level):
            for name in ("simulator", "azure.core"):
                for word in ("debug", "info", "warning"):
                    getattr(logging.getLogger(name), word)("x")
        return {f"{line['logger']} {line['level']}" for line in lines(folder)}

    assert heard("info") == {"simulator info", "simulator warning", "azure.core warning"}
    assert heard("warning") == {"simulator warning", "azure.core warning"}
    assert len(heard("debug")) == 6
    with pytest.raises(WrongUse, match="loud is no log level; use one of debug"):
        heard("loud")


def test_the_console_shows_the_same_without_secrets_and_all_ends_with_the_block(tmp_path: Path) -> None:
    console = io.StringIO()
    handlers = list(logging.getLogger().handlers)
    with recording(tmp_path, console=console):
        try:
            raise LookupError("no http://x/?sig=abcdefgh")
        except LookupError:
            structlog.get_logger("x").exception("not delivered", uri="http://x/?sig=abcdefgh")
    assert "not delivered" in console.getvalue()
    assert "LookupError" in console.getvalue()
    assert "abcdefgh" not in console.getvalue()
    assert logging.getLogger().handlers == handlers
