"""A request that is served is a holder, from its beginning to its end and no longer."""

from __future__ import annotations

import pytest

from simulator.clock.agenda import Worker
from simulator.clock.served_requests import ServedRequests


def test_who_is_served_holds() -> None:
    requests = ServedRequests()
    worker: Worker = requests
    told: list[tuple[str, list[str]]] = []
    worker.watch(
        lambda: told.append(("taken", list(worker.holders()))),
        lambda: told.append(("changed", list(worker.holders()))),
    )
    with requests.served("PUT /a"):
        with requests.served("PUT /a"), requests.served("DELETE /b"):
            assert worker.holders() == ["PUT /a", "PUT /a", "DELETE /b"]
        assert worker.holders() == ["PUT /a"]
    assert worker.holders() == []
    assert told[0] == ("taken", ["PUT /a"]), "told once it is to be seen"
    assert told[-1] == ("changed", [])
    assert [name for name, _ in told] == ["taken"] * 3 + ["changed"] * 3
    assert not worker.look()
    assert worker.next_deadline() is None


def test_a_request_that_fails_holds_no_more() -> None:
    requests = ServedRequests()
    with pytest.raises(LookupError), requests.served("PUT /a"):
        raise LookupError
    assert requests.holders() == []
