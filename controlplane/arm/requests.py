"""What is read off a request before anybody looks at what it asks: body, query, and whether its path can be one."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import Message, Receive, Scope

from controlplane.domain import errors

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_SEGMENT_CHARACTERS = 260
"""No name in a path is longer in Azure, and no store has to take what is."""
FORBIDDEN = frozenset('<>%&\\?*"\ufffd')
"""What no name in Azure holds; the last stands for bytes that are no text."""


def limited(receive: Receive) -> Receive:
    """Lets a body of MAX_BODY_BYTES through and no more."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise errors.content_too_large(MAX_BODY_BYTES)
        return message

    return limited


async def body_of(receive: Receive) -> bytes:
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.invalid_content("the connection ended before the request did")
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(content)


def query_of(scope: Scope) -> dict[str, str]:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {key.lower(): value for key, value in pairs}


def check_path(path: str, segments: list[str]) -> None:
    if not path.isprintable():
        raise errors.invalid_resource_name("", "it holds characters that cannot be printed")
    if not FORBIDDEN.isdisjoint(path):
        raise errors.invalid_resource_name("", f"none of {' '.join(sorted(FORBIDDEN))} may stand in a path")
    for segment in segments:
        if len(segment) > MAX_SEGMENT_CHARACTERS:
            raise errors.invalid_resource_name(f"{segment[:40]}...", f"up to {MAX_SEGMENT_CHARACTERS} characters")


def subscription_of(path: str) -> str | None:
    """Whose limits a request counts against; None: the tenant's."""
    first, _, rest = path.lstrip("/").partition("/")
    return rest.lstrip("/").partition("/")[0] or None if first.lower() == "subscriptions" else None
