"""What every RunStore must do, over the same databases as the Store."""

from __future__ import annotations

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.jobs.engine.runs import Logged, Run, RunLost

PLANS = ("Backup", "Restore")
NOW = 1_000.0


def taken(database: SqlStore, job: str, owner: str = "one", now: float = NOW) -> Run:
    run = database.runs.take(job, owner, now, now + 30)
    assert run is not None
    return run


def free(database: SqlStore, now: float = NOW, most: int = 10) -> list[str]:
    return [run.job for run in database.runs.free(now, PLANS, most)]


def test_a_run_is_queued_once_and_free_in_the_order_of_queueing(database: SqlStore) -> None:
    assert database.runs.add("b", "Backup", {"n": 1})
    assert database.runs.add("a", "Restore", {})
    assert not database.runs.add("b", "Backup", {"n": 2})
    assert database.runs.add("c", "of another release", {})
    assert free(database) == ["b", "a"]
    assert free(database, most=1) == ["b"]
    assert database.runs.get("b") == Run("b", "Backup", {"n": 1}, False, "queued")
    assert database.runs.get("x") is None


def test_a_run_that_is_taken_is_not_free_until_its_lease_lapses(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {})
    first = taken(database, "a")
    assert (first.status, first.owner, first.fence) == ("running", "one", 1)
    assert database.runs.take("a", "two", NOW + 29, NOW + 59) is None
    assert free(database, NOW + 29) == []
    database.runs.renew("one", ["a"], NOW + 60)
    assert free(database, NOW + 59) == []
    assert free(database, NOW + 61) == ["a"]
    assert taken(database, "a", "two", NOW + 61).fence == 2


def test_only_the_owner_renews(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {})
    taken(database, "a")
    database.runs.renew("two", ["a"], NOW + 90)
    database.runs.renew("one", ["b"], NOW + 90)
    assert free(database, NOW + 31) == ["a"]


def test_a_fenced_thread_writes_while_its_run_is_its_own(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {})
    old = taken(database, "a")
    with database.runs.fenced("a", old.fence):
        database.put("k", "written", {})
        new = taken(database, "a", "two", NOW + 31)
        with pytest.raises(RunLost):
            database.put("k", "late", {})
        with pytest.raises(RunLost), database.transaction():
            raise AssertionError("the transaction does not begin")
        with database.runs.fenced("a", new.fence):
            database.put("k", "of the new owner", {})
        with pytest.raises(RunLost):
            database.delete("k", "written")
    assert [document.id for document in database.find("k")] == ["of the new owner", "written"]
    database.put("k", "of nobody", {})


def test_the_log_of_a_run_is_written_by_its_newest_fence_alone(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {})
    old = taken(database, "a")
    one = Logged("One", "do", {"made": 1})
    two = Logged("Two", "do", None, {"code": "X"}, cancelled=True)
    database.runs.append("a", old.fence, 0, one)
    new = taken(database, "a", "two", NOW + 31)
    with pytest.raises(RunLost):
        database.runs.append("a", old.fence, 1, one)
    with pytest.raises(RunLost):
        database.runs.end("a", old.fence)
    with pytest.raises(RunLost):
        database.runs.check("a", old.fence)
    database.runs.append("a", new.fence, 1, two)
    assert list(database.runs.log("a")) == [one, two]


def test_what_is_disowned_is_free_at_once_and_its_old_owner_may_not_write(database: SqlStore) -> None:
    for job in ("a", "b"):
        database.runs.add(job, "Backup", {})
    lost = taken(database, "a")
    taken(database, "b", "two")
    database.runs.disown("one")
    assert free(database) == ["a"]
    with pytest.raises(RunLost):
        database.runs.check("a", lost.fence)
    database.runs.disown()
    assert free(database) == ["a", "b"]


def test_a_run_that_has_ended_is_neither_free_nor_unfinished_and_keeps_its_log(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {})
    run = taken(database, "a")
    database.runs.append("a", run.fence, 0, Logged("One", "do", {}))
    database.runs.end("a", run.fence)
    assert free(database, NOW + 100) == []
    assert list(database.runs.unfinished()) == []
    assert len(database.runs.log("a")) == 1
    assert not database.runs.add("a", "Backup", {})
    assert database.runs.ask_to_stop("a") is None


def test_who_is_asked_to_stop_is_told_to_its_owner(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {"n": 1})
    run = taken(database, "a")
    assert list(database.runs.stopping("one")) == []
    asked = database.runs.ask_to_stop("a")
    assert asked is not None
    assert asked.state == {"n": 1}
    assert list(database.runs.stopping("one")) == ["a"]
    assert list(database.runs.stopping("two")) == []
    assert database.runs.check("a", run.fence).cancel


def test_a_subscriber_is_told_after_the_commit_and_not_of_what_was_taken_back(database: SqlStore) -> None:
    seen: list[bool] = []
    end = database.runs.subscribe(lambda: seen.append(database.runs.get("a") is not None))
    with database.transaction():
        database.runs.add("a", "Backup", {})
        assert seen == []
    assert seen == [True]

    def add_and_fail() -> None:
        with database.transaction():
            database.runs.add("b", "Backup", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    assert database.runs.get("b") is None
    assert seen == [True]
    end()
    database.runs.ask_to_stop("a")
    assert seen == [True]


def test_everything_can_be_forgotten(database: SqlStore) -> None:
    database.runs.add("a", "Backup", {})
    database.runs.append("a", taken(database, "a").fence, 0, Logged("One", "do", {}))
    database.runs.clear()
    assert database.runs.get("a") is None
    assert list(database.runs.log("a")) == []
