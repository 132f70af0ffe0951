"""Files of the handler protocol: environment, manifest, N.settings, N.status.

The values of the contract are named tuples and not dataclasses: the handler is started for every backup, and making
two dozen dataclasses would take as long as all its other imports.

Reading is generous, because several agents and many services write these files: a byte order mark, an array or its only
element, numbers and booleans as text. Writing keeps to one shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

Json = dict[str, Any]
NOTHING: Mapping[str, Any] = MappingProxyType({})


class ProtocolError(ValueError):
    """A file violates the protocol. The sentence names the file and the key, never a value."""


# ----------------------------------------------------------------------------------------------------- JSON as it comes


def load_json(text: str | bytes, what: str) -> Any:
    """The JSON value of a file; `what` names it in the error."""
    try:
        return json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        # The original error carries the text it could not read, and that text may hold secrets.
        raise ProtocolError(f"{what} is not JSON") from None


def as_flag(value: object) -> bool:
    """A boolean that may have become text on its way."""
    return value.strip().lower() == "true" if isinstance(value, str) else value is True


def as_integer(value: object, default: int) -> int:
    """A whole number that may have become text on its way."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return default
    try:
        return int(value)
    except (ValueError, OverflowError):
        return default


def as_text(value: object, default: str = "") -> str:
    """A text that may have come as a number; `default` for null and for what is no text at all."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else default


def _only(value: Any, what: str) -> Json:
    """The one object of a file that is an array of one, or that object itself."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        raise ProtocolError(f"{what} is not a JSON object")
    return first


def _object(parent: Json, key: str, what: str) -> Json:
    value = parent.get(key)
    if not isinstance(value, dict):
        raise ProtocolError(f"{what} has no object {key}")
    return value


def _text(parent: Json, key: str, what: str) -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not value:
        raise ProtocolError(f"{what} has no {key}")
    return value


# ---------------------------------------------------------------------------------------------- HandlerEnvironment.json

ENVIRONMENT_FILE = "HandlerEnvironment.json"


class HandlerEnvironment(NamedTuple):
    """Where an agent wants a handler to read and write. `extra` = the keys that only Windows agents write."""

    name: str
    log_folder: str
    config_folder: str
    status_folder: str
    heartbeat_file: str = ""
    events_folder: str | None = None
    version: str = "1.0"
    extra: Mapping[str, str] = NOTHING

    @classmethod
    def parse(cls, text: str | bytes) -> HandlerEnvironment:
        outer = _only(load_json(text, ENVIRONMENT_FILE), ENVIRONMENT_FILE)
        inner = _object(outer, "handlerEnvironment", ENVIRONMENT_FILE)
        events = inner.get("eventsFolder") or inner.get("eventsFolder_preview")
        return cls(
            name=as_text(outer.get("name")),
            log_folder=_text(inner, "logFolder", ENVIRONMENT_FILE),
            config_folder=_text(inner, "configFolder", ENVIRONMENT_FILE),
            status_folder=_text(inner, "statusFolder", ENVIRONMENT_FILE),
            heartbeat_file=as_text(inner.get("heartbeatFile")),
            events_folder=events if isinstance(events, str) else None,
            version=as_text(outer.get("version"), "1.0"),
            extra={key: inner[key] for key in _WINDOWS_KEYS if isinstance(inner.get(key), str)},
        )

    def render(self) -> str:
        """The file as an agent writes it: an array of one."""
        inner = {
            "logFolder": self.log_folder,
            "configFolder": self.config_folder,
            "statusFolder": self.status_folder,
            "heartbeatFile": self.heartbeat_file,
        }
        if self.events_folder is not None:
            inner |= {"eventsFolder": self.events_folder, "eventsFolder_preview": self.events_folder}
        version: str | float = 1.0 if self.version == "1.0" else self.version
        return json.dumps([{"name": self.name, "version": version, "handlerEnvironment": inner | dict(self.extra)}])


_WINDOWS_KEYS = ("deploymentid", "rolename", "instance", "hostResolverAddress")


# ------------------------------------------------------------------------------------------------- HandlerManifest.json

MANIFEST_FILE = "HandlerManifest.json"


class HandlerManifest(NamedTuple):
    """What a handler package says of itself. `commands`: verb -> path and arguments, relative to the package root."""

    commands: Mapping[str, str]
    name: str = ""
    version: str = "1.0"
    reboot_after_install: bool = False
    report_heartbeat: bool = False
    update_mode: str = "UpdateWithInstall"
    continue_on_update_failure: bool = False
    supports_multiple_extensions: bool = False
    resource_limits: Mapping[str, Any] = NOTHING
    signing_info: Mapping[str, Any] = NOTHING

    @classmethod
    def parse(cls, text: str | bytes) -> HandlerManifest:
        outer = _only(load_json(text, MANIFEST_FILE), MANIFEST_FILE)
        inner = _object(outer, "handlerManifest", MANIFEST_FILE)
        commands = {verb: _text(inner, key, MANIFEST_FILE) for verb, key in _COMMAND_KEYS.items()}
        if isinstance(inner.get(_RESET_KEY), str):
            commands["reset"] = inner[_RESET_KEY]
        return cls(
            commands=commands,
            name=as_text(outer.get("name")),
            version=as_text(outer.get("version"), "1.0"),
            reboot_after_install=as_flag(inner.get("rebootAfterInstall")),
            report_heartbeat=as_flag(inner.get("reportHeartbeat")),
            update_mode=as_text(inner.get("updateMode")) or "UpdateWithInstall",
            continue_on_update_failure=as_flag(inner.get("continueOnUpdateFailure")),
            supports_multiple_extensions=as_flag(inner.get("supportsMultipleExtensions")),
            resource_limits=_either(outer, inner, "resourceLimits"),
            signing_info=_either(outer, inner, "signingInfo"),
        )


_COMMAND_KEYS = {verb: f"{verb}Command" for verb in ("install", "enable", "disable", "update", "uninstall")}
_RESET_KEY = "resetStateCommand"


def _either(outer: Json, inner: Json, key: str) -> Json:
    value = outer.get(key, inner.get(key))
    return value if isinstance(value, dict) else {}


# ----------------------------------------------------------------------------------------------------------- N.settings


class SettingsFile(NamedTuple):
    """`protected` is still sealed: the base64 text of a CMS envelope for the certificate with this thumbprint."""

    public: Json
    protected: str | None = None
    thumbprint: str | None = None

    def __repr__(self) -> str:
        return f"SettingsFile(public={self.public!r}, thumbprint={self.thumbprint!r})"


def settings_file(public: Mapping[str, Any], protected: str | None, thumbprint: str | None) -> str:
    """The text of an N.settings file."""
    handler = {
        "publicSettings": dict(public),
        "protectedSettings": protected,
        "protectedSettingsCertThumbprint": thumbprint,
    }
    return json.dumps({"runtimeSettings": [{"handlerSettings": handler}]})


def parse_settings_file(text: str | bytes) -> SettingsFile:
    """An agent that was given no settings at all writes an empty file: that reads as no settings."""
    if not text.strip():
        return SettingsFile({})
    handler = _handler_settings(load_json(text, "the settings file"))
    public = handler.get("publicSettings") or {}
    if isinstance(public, str):
        public = load_json(public, "publicSettings")
    if not isinstance(public, dict):
        raise ProtocolError("publicSettings is not a JSON object")
    return SettingsFile(
        public=public,
        protected=as_text(handler.get("protectedSettings")) or None,
        thumbprint=as_text(handler.get("protectedSettingsCertThumbprint")) or None,
    )


def without_protected_settings(text: str | bytes) -> str | None:
    """The settings file with its sealed part taken out; None when there is nothing to take out."""
    if not text.strip():
        return None
    document = load_json(text, "the settings file")
    if _handler_settings(document).pop("protectedSettings", None) is None:
        return None
    return json.dumps(document)


def _handler_settings(document: Any) -> Json:
    runtime = document.get("runtimeSettings") if isinstance(document, dict) else None
    return _object(_only(runtime, "runtimeSettings"), "handlerSettings", "the settings file")


# ------------------------------------------------------------------------------------------------------------- N.status

STATUSES = ("transitioning", "error", "success", "warning")


class SubStatus(NamedTuple):
    name: str
    status: str = "success"
    code: int = 0
    message: str | None = None


class StatusFile(NamedTuple):
    """What a handler tells its agent. `extra` = keys of the status object that are the handler's own."""

    status: str
    code: int
    time: datetime | None
    name: str = ""
    operation: str = ""
    message: str | None = None
    lang: str = "en-US"
    substatus: tuple[SubStatus, ...] = ()
    extra: Mapping[str, Any] = NOTHING
    version: str = "1.0"

    def status_object(self) -> Json:
        """What an agent passes on of it."""
        return {
            "name": self.name,
            "operation": self.operation,
            "status": self.status,
            "substatus": [
                {
                    "code": str(part.code),
                    "name": part.name,
                    "status": part.status,
                    "formattedMessage": _formatted_message(self.lang, part.message),
                }
                for part in self.substatus
            ],
            "code": str(self.code),
            "formattedMessage": _formatted_message(self.lang, self.message),
            **self.extra,
        }

    def render(self) -> str:
        time = self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.time else ""
        return json.dumps([{"version": self.version, "timestampUTC": time, "status": self.status_object()}])

    @classmethod
    def parse(cls, text: str | bytes) -> StatusFile:
        """By the rules of the Linux agent: an array; `status.status` is required, one it does not know is an error."""
        what = "the status file"
        document = load_json(text, what)
        if not isinstance(document, list):
            raise ProtocolError(f"{what} is not a JSON array")
        outer = _only(document, what)
        status = _object(outer, "status", what)
        message, lang = _parse_formatted_message(status, what)
        return cls(
            status=_parse_status(status, what),
            code=as_integer(status.get("code"), 0),
            time=_parse_time(outer.get("timestampUTC")),
            name=as_text(status.get("name")),
            operation=as_text(status.get("operation")),
            message=message,
            lang=lang,
            substatus=tuple(_parse_substatus(part, what) for part in status.get("substatus") or ()),
            extra={key: value for key, value in status.items() if key not in _STATUS_KEYS},
            version=as_text(outer.get("version"), "1.0"),
        )


_STATUS_KEYS = {"name", "operation", "status", "substatus", "code", "formattedMessage"}


def _formatted_message(lang: str, message: str | None) -> Json | None:
    return None if message is None else {"lang": lang, "message": message}


def _parse_formatted_message(parent: Json, what: str) -> tuple[str | None, str]:
    if parent.get("formattedMessage") is None:
        return None, "en-US"
    formatted = _object(parent, "formattedMessage", what)
    if "message" not in formatted:
        raise ProtocolError(f"{what} has a formattedMessage without a message")
    return as_text(formatted["message"]), _text(formatted, "lang", what)


def _parse_status(parent: Json, what: str) -> str:
    status = _text(parent, "status", what).lower()
    return status if status in STATUSES else "error"


def _parse_substatus(part: Any, what: str) -> SubStatus:
    inner = _only(part, f"a substatus of {what}")
    message, _ = _parse_formatted_message(inner, what)
    code = as_integer(inner.get("code"), 0)
    return SubStatus(as_text(inner.get("name")), _parse_status(inner, what), code, message)


def _parse_time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
