"""Redacts texts: replaces signatures, keys, tokens and passwords.

Every text that somebody else wrote passes through here where it enters: what a storage, a handler, a guest or a library
says. Such a text may stand in another text, escaped and encoded more than once, and it may be cut off anywhere.
"""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "REDACTED"

# The signs around a secret, in all their spellings. Runs are bounded: each is looked at from each of its places.
_BACK = r"(?:\\|%(?:25){0,8}5c){1,16}"
_AMPERSAND = rf"(?:&|{_BACK}u0026)(?:amp;){{0,8}}"
_NAMES = (
    "account_?key|access_?token|api_?key|bridge_?token|client_?secret|(?:admin_?)?password|passwd|pwd"
    "|protected(?:_?settings)?|refresh_?token|sas_?token|signing_?key|sim_?token|shared_?access_?(?:signature|key)"
)
_MARK = rf"{_AMPERSAND}(?:quot|apos|\#39|\#34|\#x27|\#x22);"
_QUOTE = rf"(?:(?:{_BACK})?(?:[\"']|{_MARK})|%(?:25){{0,8}}2[27]|{_BACK}u002[27])"
_EQUALS = rf"(?:=|%(?:25){{0,8}}3d|{_BACK}(?:u00|x)3d|{_AMPERSAND}\#(?:61|x3d);)"
_ESCAPED = rf"{_BACK}(?:/|%(?:25){{0,8}}2f|u00(?:2b|2f|3d))"
"""A slash, a plus or an equals sign as JSON may write it."""
_CHARACTER = rf"""(?:{_ESCAPED}|{_AMPERSAND}\#(?:43|x2b|61|x3d);|[^\s&;,"'<>\\)\]}}])"""
_BASE64 = rf"(?:{_ESCAPED}|%(?:25){{0,8}}(?:2b|2f|3d)|[\w+/=-])"
_DIGIT = rf"(?:{_BACK}(?:/|%(?:25){{0,8}}2f|u00(?:2b|2f))|%(?:25){{0,8}}(?:2b|2f)|[A-Za-z0-9+/])"
_START = r"(?:(?<![\w+/%])|(?<=\\[nrt])|(?<=%..)|(?<=%25..)|(?<=2525..))"
"""Base64 begins: also after what an escape or an encoding left."""
_WORD = r"(?:(?<![a-z])|(?<=\\[nrt])|(?<=%..)|(?<=%25..)|(?<=2525..))"

_SECRETS = tuple(
    # Words without one of which, in small letters, there is nothing to look for; then what stays, in the group `stays`,
    # and after it what goes.
    (words.split(), pattern)
    for words, pattern in (
        # A private key, also one whose end was cut off.
        (
            "-----begin",
            rf"(?P<stays>-----BEGIN [A-Z ]*PRIVATE\s+KEY-----)(?:(?!-----END)(?:{_BACK}[nrt/]|[^\\\"'<>]))+",
        ),
        # A signature in a query, whatever the query stands in.
        (
            "sig",
            rf"(?P<stays>{_WORD}sig{_EQUALS})(?:(?!%(?:25){{0,8}}26){_CHARACTER})+",
        ),
        # Storage that refuses a signature quotes it, and may quote what it signed.
        (
            "signature",
            rf"(?P<stays>{_WORD}signature(?:\s+found)?(?:\s+in\s+the\s+HTTP\s+request)?[\s:]*{_QUOTE}){_BASE64}+",
        ),
        (
            "sign",
            rf"(?P<stays>{_WORD}string[\s-]+to[\s-]+sign(?:(?:\s+(?:used|is|was))+|\s*:)[\s:]*{_QUOTE}?)"
            rf"(?:{_BACK}[nrt/]|{_BACK}u00[0-9a-f]{{2}}|[^\\\"'<>&]|&(?!(?:amp;)*(?:quot|apos|\#)))+",
        ),
        # Something of a telling name: first a quoted text up to its end, then a word.
        (
            "key token secret passw pwd protected signature sig",
            rf"(?P<stays>(?:{_WORD}(?:{_NAMES}){_QUOTE}?\s*(?::|{_EQUALS})|(?<=[\"'])sig{_QUOTE}\s*[:,])\s*[\[(]?b?"
            rf"(?P<quote>{_QUOTE}))(?:(?!(?<!\\)(?P=quote))(?:{_BACK}.|[^\\\r\n]))+",
        ),
        (
            "key token secret passw pwd protected signature",
            rf"(?P<stays>{_WORD}(?:{_NAMES}){_QUOTE}?\s*(?::|{_EQUALS})\s*b?{_QUOTE}?)"
            rf"(?!null\b|None\b){_CHARACTER}+",
        ),
        # The password of an address.
        ("@", rf"(?P<stays>:(?:{_BACK})?/(?:{_BACK})?/[^\s:/@\"'<>\\]*:)[^\s/\"'<>\\]+(?=@)"),
        (
            "%40",
            rf"(?P<stays>%3a(?:{_BACK})?%2f(?:{_BACK})?%2f(?:(?!%3a|%2f|%40)[\w.~%-])*%3a)(?:(?!%2f)[\w.~%-])+?(?=%40)",
        ),
        # Credentials of a request.
        ("bearer", rf"(?P<stays>{_WORD}bearer(?:\s+|%20|\+))(?=\S*\d|\S{{20}})[\w.~+/=%-]{{8,}}"),
        ("sharedkey", rf"(?P<stays>{_WORD}sharedkey(?:lite)?(?:\s+|%20|\+)[\w-]+(?::|%3a)){_BASE64}+"),
        (
            "authorization",
            rf"(?P<stays>{_WORD}authorization{_QUOTE}?\s*[:=]\s*b?{_QUOTE}?)(?:{_ESCAPED}|[^\"'\\\r\n<>])+",
        ),
        # By their shapes: a token, an account key, a signature.
        ("eyj", rf"(?P<stays>){_START}eyJ[\w-]{{8,}}\.[\w-]{{8,}}\.[\w-]*"),
        ("= 3d", rf"(?P<stays>){_START}{_DIGIT}{{86}}{_EQUALS}{{2}}"),
        ("= 3d", rf"(?P<stays>){_START}{_DIGIT}{{43}}{_EQUALS}(?!{_EQUALS})"),
    )
)
_NAME = re.compile(rf"(?:{_NAMES}|sig|authorization)\Z", re.IGNORECASE)


def redact(text: str) -> str:
    """The text without SAS signatures, account keys, tokens, passwords, private keys and protected settings.

    JSON, XML and URLs stay what they are. To redact twice changes nothing more.
    """
    small = text.lower()
    for words, secret in _SECRETS:
        if any(word in small for word in words):
            # Compiled at first use: to compile all of them at once takes a good part of a handler's start.
            text = re.sub(secret, rf"\g<stays>{HIDDEN}", text, flags=re.IGNORECASE)
    return text


def redact_json(value: Any) -> Any:
    """The same value with every text in it redacted, keys too, and what has a secret's name hidden whole."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redact_json(each) for each in value]
    if isinstance(value, dict):
        return {
            redact(key): HIDDEN if isinstance(each, str) and each and _NAME.match(key) else redact_json(each)
            for key, each in value.items()
        }
    return value
