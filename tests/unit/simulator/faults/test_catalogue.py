"""The catalogue of faults as a whole: how many there are, how they are spread, and that none names what it leads to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from controlplane.json_object import Json
from simulator.faults.catalogue import CATALOGUE, MODULES, arm, gateway, providers, storage
from simulator.faults.fault import Definition
from simulator.faults.faults import SEAMS

OUTCOMES: Mapping[str, Json] = json.loads(
    (Path(__file__).parents[4] / "docs/faults/outcomes.json").read_text(encoding="utf-8")
)
SEAMS_THERE_ARE = 46
FAULTS_BY_PHASE = {
    "enable": 16,
    "agent": 15,
    "snapshot": 65,
    "transfer": 11,
    "restore": 20,
    "archive": 7,
    "delete": 6,
    "machine": 1,
    "client": 16,
}
AT_LEAST = {"enable": 10, "restore": 15, "transfer": 5, "delete": 5, "archive": 5}
MOST_NUMBERS_OF_THE_EXTENSION = 20
NAMED = {
    "AuthorizationFailed",
    "CloudDosAbsoluteLimitReached",
    "ExtensionOperationFailedForManagedDisks",
    "SubscriptionRequestsThrottled",
    "UserErrorKeyvaultPermissionsNotConfigured",
    "UserErrorRequestDisallowedByPolicy",
    "UserErrorRpCollectionLimitReached",
    "UserErrorVmProvisioningStateFailed",
}
"""Codes that somebody who tests a failure looks for first."""
BODIES_OF_AZURE = (arm, gateway, providers, storage)
"""Modules whose faults are answers of Azure itself."""


def test_the_catalogue_has_so_many_seams_and_faults() -> None:
    assert len(SEAMS) == SEAMS_THERE_ARE
    assert {each.seam for each in CATALOGUE.values()} == set(SEAMS), "each seam has a fault"
    assert Counter(outcome["phase"] for outcome in OUTCOMES.values()) == FAULTS_BY_PHASE
    assert len(CATALOGUE) == sum(FAULTS_BY_PHASE.values())


def test_the_faults_are_spread_over_the_phases() -> None:
    few = {phase: least for phase, least in AT_LEAST.items() if FAULTS_BY_PHASE[phase] < least}
    assert not few
    by_extension = [name for name, each in OUTCOMES.items() if each["trace"]["event"] == "snapshot.reported"]
    assert len(by_extension) <= MOST_NUMBERS_OF_THE_EXTENSION
    assert {outcome["code"] for outcome in OUTCOMES.values()} >= NAMED


def test_no_two_rows_are_the_same() -> None:
    rows = Counter(
        (
            each.seam,
            json.dumps(each.values({}), sort_keys=True),
            json.dumps(dict(each.where), sort_keys=True),
            json.dumps(OUTCOMES[name], sort_keys=True),
        )
        for name, each in CATALOGUE.items()
    )
    assert max(rows.values()) == 1


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_definition_names_no_code_to_which_it_leads(name: str) -> None:
    """But a body that Azure sends, which the service may hand on or put into a message."""
    code, definition = OUTCOMES[name]["code"], CATALOGUE[name]
    if code is None:
        return
    written = json.dumps([definition.what, definition.values({}), dict(definition.where)])
    assert code not in written or _is_body(definition, code)


def _is_body(definition: Definition, code: str) -> bool:
    """Whether it is the code of the body that the fault has Azure send."""
    values = definition.values({})
    is_of_azure = any(definition in module.FAULTS for module in BODIES_OF_AZURE)
    return is_of_azure and code in {values.get("code"), values.get("answer")}


def test_every_module_of_the_catalogue_is_in_it() -> None:
    assert sum(len(module.FAULTS) for module in MODULES) == len(CATALOGUE), "no name stands twice"
