"""The names of the service's own accounts at an endpoint that somebody else runs."""

from __future__ import annotations

import pytest

from controlplane.ports import ServiceSettings
from simulator.failures import WrongUse
from simulator.storage.foreign_storage import accounts_of_service

KEY = "c2VjcmV0"


def named(*names: str) -> tuple[str, ...]:
    listed = ";".join(f"{name}:{KEY}" for name in names)
    return accounts_of_service(ServiceSettings(), listed).own_accounts


def test_they_are_the_usual_ones_where_the_list_has_them() -> None:
    usual = ("backupservice", "backupvaults", "manageddisks")
    assert named("sql01disks", "backupservice02", *usual) == usual


def test_else_those_that_begin_so() -> None:
    assert named("manageddisks02", "sql01disks", "backupservice02", "backupvaultsxy") == (
        "backupservice02",
        "backupvaultsxy",
        "manageddisks02",
    )


def test_one_that_is_missing_keeps_its_name_for_the_refusal_to_say() -> None:
    assert named("backupservice02", "sql01disks") == ("backupservice02", "backupvaults", "manageddisks")


def test_no_list_is_refused_as_ever() -> None:
    with pytest.raises(WrongUse, match="--blob-endpoint needs its accounts"):
        accounts_of_service(ServiceSettings(), None)
