"""What the owner of a Linux machine sets for its backups besides scripts, and what of it has no effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from extension.contract.bridge import FreezeReport
from extension.contract.codes import Code
from extension.linux_settings import read_owner_settings
from extension.preconditions import OwnerSettings
from tests.guest_scripts import put
from tests.handler_rig import Rig
from tests.unit.extension.test_task_host import LINUX


def vmbackup(root: Path, text: str) -> OwnerSettings:
    put(root, "/etc/azure/vmbackup.conf", text, mode=0o644)
    return read_owner_settings(root)


def test_nothing_is_set_usually(tmp_path: Path) -> None:
    assert read_owner_settings(tmp_path) == OwnerSettings()


@pytest.mark.parametrize(("value", "one_by_one"), [("0", False), ("1", True), ("2", True), ("yes", False)])
def test_snapshots_one_after_another(tmp_path: Path, value: str, one_by_one: bool) -> None:
    assert vmbackup(tmp_path, f"[SnapshotThread]\nseqsnapshot = {value}").one_by_one is one_by_one


def test_keys_without_effect_are_named(tmp_path: Path) -> None:
    owner = vmbackup(tmp_path, "[SnapshotThread]\nSnapshotMethod: onlyHost\ntimeout: 60\n[Monitor]\nRun: 1")
    assert (owner.method, owner.without_effect) == ("onlyHost", ("timeout", "[Monitor]"))


@pytest.mark.parametrize("text", ["no section", "[SnapshotThread]\nx = \xff"])
def test_what_cannot_be_read_counts_as_not_given(tmp_path: Path, text: str) -> None:
    file = put(tmp_path, "/etc/azure/vmbackup.conf", "")
    file.write_bytes(text.encode("latin-1"))
    owner = read_owner_settings(tmp_path)
    assert owner._replace(problems=()) == OwnerSettings()
    assert "vmbackup.conf cannot be read" in owner.problems[0]


def test_the_framework_for_workloads_is_refused_by_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    try:
        rig.guest.facts, rig.guest.freezes = LINUX, [FreezeReport(True)]
        put(rig.handler.disk, "/etc/azure/workload.conf", "[workload]\nworkload_name = oracle", mode=0o600)
        rig.settle()
        report = rig.work()
        assert (report.progress, report.code) == ("Failed", Code.FailedWorkloadInvalidWorkloadName)
        assert "oracle" in report.message
        assert "freeze" not in rig.guest.verbs()
    finally:
        rig.close()


def test_the_template_of_the_framework_names_no_workload(tmp_path: Path) -> None:
    put(tmp_path, "/etc/azure/workload.conf", "[workload]\nworkload_name =\ncommand_path =", mode=0o600)
    assert read_owner_settings(tmp_path).workload == ""
