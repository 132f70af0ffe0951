"""`guid()` and `uniqueString()`: texts that depend only on their arguments."""

from __future__ import annotations

from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""Of the UUIDs, version 5, that `guid()` makes: learn.microsoft.com/azure/azure-resource-manager/bicep/
bicep-functions-string#guid."""

_BITS = 0xFFFFFFFF
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def octets(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark."""
    return text.encode("utf-8", "replace")


def guid(*parts: str) -> str:
    digest = sha1(NAMESPACE.bytes + octets("-".join(parts)), usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5))


def unique_string(*parts: str) -> str:
    """A 64-bit hash in 13 characters of base 32. How, is not documented: this agrees with what the azapi provider of
    Terraform computes in its place. Whether the service makes the same of every text is not proven."""
    number = _hash(octets("-".join(parts)))
    return "".join(_ALPHABET[(number << 5 * place >> 59) & 31] for place in range(13))


def _hash(data: bytes) -> int:
    """MurmurHash3 with two lanes of 32 bits."""
    one = other = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        one ^= _mixed(_word(data[at : at + 4]), 0x239B961B, 15, 0xAB0E9789)
        one = ((_turned(one, 19) + other) * 5 + 0x561CCD1B) & _BITS
        other ^= _mixed(_word(data[at + 4 : at + 8]), 0xAB0E9789, 17, 0x239B961B)
        other = ((_turned(other, 13) + one) * 5 + 0x0BCAA747) & _BITS
    tail = data[whole:]
    one ^= _mixed(_word(tail[:4]), 0x239B961B, 15, 0xAB0E9789)
    other ^= _mixed(_word(tail[4:]), 0xAB0E9789, 17, 0x239B961B)
    one, other = one ^ len(data), other ^ len(data)
    one = (one + other) & _BITS
    other = (other + one) & _BITS
    one, other = _final(one), _final(other)
    one = (one + other) & _BITS
    other = (other + one) & _BITS
    return other << 32 | one


def _word(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _mixed(word: int, before: int, turn: int, after: int) -> int:
    return _turned(word * before & _BITS, turn) * after & _BITS


def _turned(word: int, by: int) -> int:
    return (word << by | word >> 32 - by) & _BITS


def _final(word: int) -> int:
    word = (word ^ word >> 16) * 0x85EBCA6B & _BITS
    word = (word ^ word >> 13) * 0xC2B2AE35 & _BITS
    return word ^ word >> 16
