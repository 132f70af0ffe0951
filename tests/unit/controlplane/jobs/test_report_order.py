"""A report's snapshots are put into the order of the disks, whoever took them."""

from __future__ import annotations

from controlplane.jobs.backup.report_order import in_order_of
from controlplane.ports import Blob, Disk
from extension.contract.reports import SnapshotInfo


def disk(name: str, lun: int) -> Disk:
    return Disk(name, lun, Blob("disks", "vhds", f"{name}.vhd"), 1024, "Empty")


def taken(name: str) -> SnapshotInfo:
    return SnapshotInfo.taken(f"http://127.0.0.1:10000/disks/vhds/{name}.vhd?sig=x", f"stamp of {name}")


DISKS = [disk("os", -1), disk("data 0", 0), disk("data1", 1)]


def test_answers_that_name_their_blobs_are_matched() -> None:
    told = [taken("data%200"), taken("data1"), taken("os")]
    assert [info.stamp for info in in_order_of(DISKS, told)] == ["stamp of os", "stamp of data%200", "stamp of data1"]


def test_an_answer_without_its_blob_leaves_the_order_as_it_is() -> None:
    told = [taken("data1"), SnapshotInfo(True, "http://x?snapshot=s"), taken("os")]
    assert in_order_of(DISKS, told) == told


def test_answers_for_other_disks_leave_the_order_as_it_is() -> None:
    for told in ([taken("os"), taken("os"), taken("data1")], [taken("os")], [taken("a"), taken("b"), taken("c")]):
        assert in_order_of(DISKS, told) == told
