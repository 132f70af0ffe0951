"""No secret comes through, whatever text it stands in; everything else does."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from extension.contract.redaction import HIDDEN, redact, redact_json

WRAPPINGS: dict[str, Callable[[str], str]] = {
    "JSON": json.dumps,
    "JSON in an object": lambda text: json.dumps({"uri": text, "next": 1}),
    "JSON as .NET writes it": lambda text: (
        json.dumps(text).replace("&", "\\u0026").replace("+", "\\u002B").replace("=", "\\u003D")
    ),
    "JSON with its slashes escaped": lambda text: json.dumps(text).replace("/", "\\/"),
    "a query value": lambda text: "http://127.0.0.1/x?from=" + quote(text, safe="") + "&to=1",
    "a repr": repr,
    "an exception": lambda text: repr(ValueError(text)),
    "a list": lambda text: f"[{text}, {text}]",
    "markup": lambda text: f"<Url>{escape(text)}</Url>",
}
SHAPES: dict[str, str] = {
    "SAS": "http://127.0.0.1:10000/acc/vhds/os.vhd?sv=2018-03-28&sr=b&sp=rw&se=2026-01-01T00%3A00%3A00Z&sig={}%3D&x=1",
    "SAS, signature last": "https://acc.blob.core.windows.net/vhds/os.vhd?sr=b&sig={}%3D",
    "SAS, signature first": "https://acc.blob.core.windows.net/vhds/os.vhd?sig={}%3D&sr=b",
    "connection string": "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey={}==;BlobEndpoint=http://x/acc;",
    "bearer": "Authorization: Bearer {}",
    "form": "grant_type=client_credentials&client_id=1&client_secret={}&scope=x",
    "attribute": "Endpoints(pid=1, client_secret='{}', sim_token='{}')",
    "document": '{{"protectedSettings": "{}", "protectedSettingsCertThumbprint": "AB"}}',
    "password": '{{"osProfile": {{"adminPassword": "{}"}}}}',
    "password of more than a word": '{{"osProfile": {{"adminPassword": "a, b; {}"}}}}',
    "shared key": "x-ms-date: now Authorization: SharedKey acc:{}=",
    "address of a database": "postgresql+psycopg://sim:{}@db.example.org:5432/world",
    "words of a database": "host=db user=sim password={} dbname=world",
    "refused by Azure": "The MAC signature found in the HTTP request '{}=' is not the same as any computed signature.",
    "signed by the storage": "Signature did not match. String to sign used was r {} 2026-01-01",
}
URLS = ("SAS", "SAS, signature last", "SAS, signature first", "address of a database")
"""Only these travel inside other URLs."""
alphanumeric = some.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=64)
signatures = some.binary(min_size=32, max_size=32).map(lambda raw: b64encode(raw).decode())
wrappings = some.lists(some.sampled_from(list(WRAPPINGS)), max_size=3)


def wrapped(text: str, names: list[str]) -> str:
    for name in names:
        text = WRAPPINGS[name](text)
    return text


@given(secret=alphanumeric, shape=some.sampled_from(list(SHAPES)), names=wrappings, before=some.text(max_size=10))
def test_no_wrapping_brings_a_secret_through(secret: str, shape: str, names: list[str], before: str) -> None:
    if "a query value" in names and shape not in URLS:
        return
    text = wrapped(before + " " + SHAPES[shape].replace("{}", secret).replace("{{", "{").replace("}}", "}"), names)
    assert secret not in redact(text)
    assert redact(redact(text)) == redact(text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda signature: f"?sr=b&sig={signature}&sp=rw",
    "in a URL": lambda signature: f"?sr=b&sig={quote(signature, safe='')}&sp=rw",
    "in a URL, small letters": lambda signature: f"?sr=b&sig={small(quote(signature, safe=''))}&sp=rw",
    "after %3F": lambda signature: f"next=https%3A%2F%2Fa%3Fsig%3D{quote(quote(signature, safe=''), safe='')}",
    "encoded": lambda signature: quote(f"?sr=b&sig={quote(signature, safe='')}&sp=rw", safe=""),
    "encoded, small letters": lambda signature: small(quote(f"?sr=b&sig={quote(signature, safe='')}&sp=rw", safe="")),
    "encoded twice": lambda signature: quote(quote(f"&sig={quote(signature, safe='')}&sp=rw", safe=""), safe=""),
    "in capitals": lambda signature: f"?sr=b&SIG={quote(signature, safe='')}",
    "as a parsed query": lambda signature: repr(parse_qs(f"sr=b&sig={quote(signature, safe='')}")),
    "as pairs": lambda signature: repr(parse_qsl(f"sr=b&sig={quote(signature, safe='')}")),
    "as urllib takes it apart": lambda signature: repr(urlsplit(f"https://a/b?sig={quote(signature, safe='')}&sp=rw")),
    "quoted by the storage": lambda signature: (
        f"AuthenticationFailed: The MAC signature found in the HTTP request '{signature}' is not the same as any "
        f"computed signature. Server used following string to sign: 'GET\n\n\n{signature}\n/acc/c'."
    ),
    "a header": lambda signature: f"Authorization: SharedKey acc:{signature}",
    "a word": lambda signature: f"expected {signature} here",
}


def small(encoded: str) -> str:
    """The same with %2b instead of %2B."""
    parts = encoded.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def forms(signature: str) -> set[str]:
    once = quote(signature, safe="")
    escaped = signature.replace("/", "\\/")
    return {signature, once, small(once), quote(once, safe=""), escaped, signature.rstrip("=")}


@given(signature=signatures, spelling=some.sampled_from(list(SPELLINGS)), names=wrappings)
def test_no_spelling_brings_a_signature_through(signature: str, spelling: str, names: list[str]) -> None:
    if "a query value" in names and "storage" in spelling:
        return
    text = redact(wrapped(SPELLINGS[spelling](signature), names))
    assert not [form for form in forms(signature) if form in text]
    # Nor a part of it that is long enough to be told from chance.
    assert not [part for part in signature.replace("/", "+").split("+") if len(part) > 12 and part in text]


@given(key=some.binary(min_size=64, max_size=64).map(lambda raw: b64encode(raw).decode()), names=wrappings)
def test_an_account_key_is_known_by_its_shape(key: str, names: list[str]) -> None:
    text = redact(wrapped(f"key {key}.", names))
    assert key not in text
    assert key[:20] not in text


@given(
    shape=some.sampled_from(list(SHAPES)),
    secret=alphanumeric,
    names=some.lists(
        some.sampled_from(["JSON", "JSON in an object", "JSON as .NET writes it"]), min_size=1, max_size=3
    ),
    before=some.text(max_size=10),
)
def test_json_stays_json(shape: str, secret: str, names: list[str], before: str) -> None:
    text = wrapped(before + "\n" + SHAPES[shape].replace("{}", secret).replace("{{", "{").replace("}}", "}"), names)
    value = json.loads(redact(text))
    for _ in names[1:]:
        value = json.loads(value["uri"] if isinstance(value, dict) else value)
    assert HIDDEN in json.dumps(value)


@given(some.text("abcdefghijklmnopqrstuvwxyz ABC.:,;/?&=%()[]{}'\"<>\n", max_size=200))
def test_a_plain_text_stays(text: str) -> None:
    telling = ("sig", "pass", "pwd", "key", "token", "secret", "protected", "bearer", "shared", "auth", "sign", "@")
    if not any(word in text.lower() for word in telling):
        assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "design=modern; assignment: done; signature checked",
        "the signature is wrong",
        '{"protectionState": "Protected", "consistency": "AppConsistent"}',
        "https://acc.blob.core.windows.net/vhds/os.vhd?sv=1&sp=rw&snapshot=2026-01-01T00:00:00.0000000Z",
        "the bearer of bad news",
        "Bearer authentication is asked for",
        "client_secret=None",
        "Take Snapshot: Completed in 0.8 s",
        "http://127.0.0.1:10000/acc/c/b and mail@example.org",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "/subscriptions/5b1c3e5e-6f0b-4a52-9e7e-0f2d3c4b5a69/resourceGroups/rg/providers/Microsoft.Compute/disks/d",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text
    assert redact_json({"text": [text]}) == {"text": [text]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /acc/c/b?sr=b&sig=abc%2Fdef&sp=rw failed", f"GET /acc/c/b?sr=b&sig={HIDDEN}&sp=rw failed"),
        ("GET%20%2Fb%3Fsr%3Db%26sig%3Dabc%252Fdef%26sp%3Drw", f"GET%20%2Fb%3Fsr%3Db%26sig%3D{HIDDEN}%26sp%3Drw"),
        ("postgresql://sim:a@b:c@db/world", f"postgresql://sim:{HIDDEN}@db/world"),
        ("AccountName=a;AccountKey=Eby8==;EndpointSuffix=b", f"AccountName=a;AccountKey={HIDDEN};EndpointSuffix=b"),
        ("got eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhcm0ifQ.c2lnbmF0dXJl.", f"got {HIDDEN}."),
        (
            "the MAC signature found in the HTTP request 'abc=' is not the same as any computed signature",
            f"the MAC signature found in the HTTP request '{HIDDEN}' is not the same as any computed signature",
        ),
    ],
)
def test_the_neighbours_of_a_secret_stay(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_a_private_key_goes_also_where_its_end_was_cut_off() -> None:
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"
    assert "MIIEow" not in redact(pem)
    assert "MIIEow" not in redact(json.dumps(pem)[:50])
    assert json.loads(redact(json.dumps({"pem": pem[:40], "next": 1})))["next"] == 1


def test_in_a_value_a_telling_name_hides_all_of_its_text() -> None:
    told = {"settings": [{"adminPassword": 'two words, "quoted"', "sig": "abc", "protectedSettings": None, "n": 1}]}
    hidden = {"adminPassword": HIDDEN, "sig": HIDDEN, "protectedSettings": None, "n": 1}
    assert redact_json(told) == {"settings": [hidden]}
    assert redact_json({"u": "?sig=abc"}) == {"u": f"?sig={HIDDEN}"}


@pytest.mark.parametrize("slash", ["%2F", "%5C%2F"])
def test_the_password_of_an_address_in_a_query_is_hidden(slash: str) -> None:
    address = f"postgresql%2Bpsycopg%3A{slash}{slash}sim%3A{'0' * 12}%40db.example.org%3A5432{slash}world"
    assert "0" * 12 not in redact(f"http://127.0.0.1/?from=%22{address}%22&to=1")
