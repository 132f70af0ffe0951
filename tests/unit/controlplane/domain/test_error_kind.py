"""Errors are made from kinds, and read back as they were."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.errors.kind import ErrorKind, ServiceError, Source

KIND = ErrorKind(
    code="ThingBusy",
    message="The thing {name} is busy for {seconds:g} seconds.",
    status=409,
    number=400123,
    remedy="Stop {name}.",
    target="{name}",
    retry_after_seconds=7,
    source=Source("ours", "made for this test"),
)


def test_an_error_has_all_that_its_kind_says() -> None:
    error = KIND.error(name="{x}", seconds=2.50)
    assert error == ServiceError(
        code="ThingBusy",
        message="The thing {x} is busy for 2.5 seconds.",
        status=409,
        remedy="Stop {x}.",
        number=400123,
        target="{x}",
        retry_after_seconds=7,
    )
    assert KIND.ours


@pytest.mark.parametrize("values", [{"name": "x"}, {"name": "x", "seconds": 1, "more": 2}, {}])
def test_a_missing_or_superfluous_value_is_a_mistake(values: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="ThingBusy needs"):
        KIND.error(**values)


def test_details_and_the_time_to_retry_belong_to_one_error() -> None:
    detail = {"code": "Inner", "message": "Inner."}
    error = KIND.error(name="x", seconds=1, details=[detail], additional_info=[{"type": "T"}], retry_after_seconds=9)
    assert error.envelope() == {
        "error": {
            "code": "ThingBusy",
            "message": "The thing x is busy for 1 seconds.",
            "target": "x",
            "details": [detail],
            "additionalInfo": [{"type": "T"}],
        }
    }
    assert error.retry_after_seconds == 9


def test_a_stored_error_is_read_back() -> None:
    assert ServiceError.stored({"code": "A", "message": "B."}, status=409) == ServiceError("A", "B.", status=409)
    assert ServiceError.stored({"code": "A", "message": "B.", "status": 404}, status=409).status == 404
