"""Connects a world to a blob endpoint that it does not manage, or raises a Failure that says why it cannot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.adapters.endpoint_probe import ProbeAnswer, probe, to_json, use_account
from controlplane.adapters.storage_keys import FixedAccounts
from controlplane.ports import BlobNotFound, BlobRefused, PortError, ServiceSettings, StorageUnavailable
from simulator.failures import Failure, WrongUse
from simulator.state.logs import logger

ANSWER_SECONDS = 10.0
"""A storage that takes longer to answer would fail every backup."""


class UnfitStorage(Failure):
    """The endpoint does not answer, or lacks a feature that backups need."""


@dataclass(frozen=True)
class ForeignStorage:
    url: str
    blobs: AzuriteBlobs
    answers: Mapping[str, ProbeAnswer]
    """What it can and cannot do, as found by trying."""


def connect(endpoint: str, accounts: str | None, settings: ServiceSettings) -> ForeignStorage:
    """The endpoint with its accounts (`name:key;name:key`, or a file that holds such), after it was tried.

    Raises WrongUse for an address or a list that is none, UnfitStorage for what the endpoint lacks.
    """
    url = _checked_url(endpoint)
    listed = _parsed(accounts)
    for needed in settings.own_accounts:
        if needed not in listed.names:
            raise WrongUse(
                f"--blob-accounts lacks {needed}, an account that the service itself needs; "
                "create it at the endpoint and add it to the list with its key"
            )
    blobs = AzuriteBlobs(url, listed)
    try:
        _await_a_word(blobs.account_url(settings.service_account))
        answers = _try_accounts(blobs, settings.service_account, listed.names, url)
        logger("storage").info("endpoint probed", endpoint=url, accounts=listed.names, **to_json(answers))
        check_fit(url, answers)
    except BaseException:
        blobs.close()
        raise
    return ForeignStorage(url, blobs, answers)


def accounts_of_service(settings: ServiceSettings, accounts: str | None) -> ServiceSettings:
    """The settings with the service's own accounts by the names that the list has for them.

    Of each the first whose name begins as the settings say: the lists of several worlds may name different accounts of
    one endpoint. One that is missing keeps its name; `connect` refuses the list for it.
    """
    listed = _parsed(accounts).names

    def named(name: str) -> str:
        begin_so = (each for each in listed if each.startswith(name))
        return name if name in listed else next(begin_so, name)

    return settings.with_accounts(named)


def check_fit(url: str, answers: Mapping[str, ProbeAnswer]) -> None:
    """Raises UnfitStorage where a feature is missing that backups need."""
    for answer in answers.values():
        if answer.needed and not answer.able:
            raise UnfitStorage(f"{url} cannot hold backups: {answer.detail}; name another --blob-endpoint")


def _checked_url(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment:
        # Not quoted: what was given in place of an address may be a secret.
        raise WrongUse("--blob-endpoint is not a plain URL; use one such as http://127.0.0.1:10000")
    return endpoint.strip().rstrip("/")


def _parsed(accounts: str | None) -> FixedAccounts:
    if not accounts:
        raise WrongUse("--blob-endpoint needs its accounts: --blob-accounts 'name:key;name:key', or a file")
    try:
        # os.path, since a list may be longer than any path may be.
        return FixedAccounts.parse(Path(accounts).read_text("utf-8") if os.path.isfile(accounts) else accounts)
    except ValueError as problem:
        raise WrongUse(f"--blob-accounts: {problem}") from None


def _await_a_word(url: str) -> None:
    """Wait for any answer, with a shorter time-out than that of transfers."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        connection.getresponse()
    except (OSError, HTTPException) as problem:
        raise UnfitStorage(
            f"no blob storage answers at {parts.scheme}://{parts.netloc} ({type(problem).__name__}); "
            "start it, or correct --blob-endpoint"
        ) from None
    finally:
        connection.close()


def _try_accounts(blobs: AzuriteBlobs, service: str, names: tuple[str, ...], url: str) -> dict[str, ProbeAnswer]:
    """What the endpoint does, by the service's account; of each other one only whether it is there with its key."""
    name = service
    try:
        answers = probe(blobs, service)
        for name in names:
            if name != service:
                use_account(blobs, name)
        return answers
    except BlobRefused:
        reason = f"{url} does not accept the key of account {name}; correct it in --blob-accounts"
    except BlobNotFound:
        reason = f"{url} has no account {name}; create it there, with the key that --blob-accounts gives"
    except StorageUnavailable as problem:
        reason = f"the service at {url} is not blob storage ({problem}); correct --blob-endpoint"
    except PortError as problem:
        reason = f"{url} cannot hold disks with snapshots ({problem}); name another --blob-endpoint"
    raise UnfitStorage(reason)
