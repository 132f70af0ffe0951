"""Requests that nobody thought of: schemathesis draws them from the served OpenAPI, for every operation there is.

Most of them are led to things that exist, so that they get past the first 404. Whatever is drawn: no failure of the
program, no status that the document does not name, no error without its envelope, and what is refused changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from functools import cache
from hashlib import sha256
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controlplane.arm.app import all_routes
from controlplane.arm.edge.openapi import document
from controlplane.arm.sign_in.aad import SUBSCRIPTION_ID, TENANT_ID
from controlplane.domain.resources.lock import KIND as LOCKS
from controlplane.json_object import Json
from controlplane.ports import PortError
from tests.unit.controlplane.arm.arm_world import BASE_URL, ITEM, POLICY, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.store_rules import check_store, every_document

EXAMPLES = 2
ROUTES = all_routes()
NAMES: dict[str, list[str]] = {
    "subscription": [SUBSCRIPTION_ID],
    "tenant": [TENANT_ID, "adfs", "organizations"],
    "group": ["Demo", "DEMO", "other"],
    "account": ["sql01disks", "restored01", "new01"],
    "vm": ["Sql01", "new"],
    "vault": ["Vault01", "new"],
    "policy": ["DefaultPolicy", "EnhancedPolicy", "new"],
    "fabric": ["Azure"],
    "container": ["IaasVMContainer;iaasvmcontainerv2;demo;sql01", "iaasvmcontainerv2;demo;sql01", "x;y"],
    "item": ["VM;iaasvmcontainerv2;demo;sql01", "vm;iaasvmcontainerv2;demo;sql02", "x"],
    "location": ["westus", "nowhere"],
    "namespace": ["Microsoft.Compute", "Microsoft.RecoveryServices", "x"],
    "extension": ["VMSnapshot"],
    "config": ["vaultconfig", "vaultstorageconfig"],
}
"""Path parameters and what they mostly are, by name; others are drawn."""
VALUES: dict[str, list[Any]] = {
    "location": ["westus", "West US", "eastus2"],
    "level": ["CanNotDelete", "ReadOnly"],
    "sourceResourceId": [VM, VAULT],
    "virtualMachineId": [VM],
    "policyId": [POLICY, "", f"{VAULT}/backupPolicies/none"],
    "protectedItemType": ["Microsoft.Compute/virtualMachines"],
    "protectionState": ["ProtectionStopped", "BackupsSuspended", "Protected"],
    "backupManagementType": ["AzureIaasVM", "AzureWorkload"],
    "objectType": ["IaasVMBackupRequest", "IaasVMRestoreRequest"],
    "recoveryType": ["RestoreDisks", "OriginalLocation", "AlternateLocation"],
    "addressPrefix": ["10.0.0.0/24"],
    "createOption": ["Empty", "Copy", "FromImage", "Attach"],
}
"""The same for what a body holds; every value is one of these or one that was drawn."""
UNDOCUMENTED = {500, 502, 504}
OF_OPERATIONS = 3
"""In the default lane one operation in so many is probed; with `--all` each is."""


DOCUMENT = document(ROUTES)
OPERATIONS = sorted(each["operationId"] for path in DOCUMENT["paths"].values() for each in path.values())


def _seeded() -> Json:
    """The document as it is served, its free texts narrowed to what leads somewhere."""
    seeded = deepcopy(DOCUMENT)
    for schema in seeded["components"]["schemas"].values():
        for name, values in VALUES.items():
            properties = schema.get("properties", {})
            if name in properties:
                properties[name] = {"anyOf": [{"enum": values}, properties[name]]}
    return seeded


@cache
def operations() -> dict[str, Any]:
    """What draws requests of each operation, by its id. Made when it is needed, and not by whoever lists the tests."""
    import schemathesis

    read = schemathesis.openapi.from_dict(_seeded()).get_all_operations()
    return {each.definition.raw["operationId"]: each for each in (cast(Any, found).ok() for found in read)}


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    """Where every operation leaves its traces; what one deletes is there again for the next."""
    with arm_world() as world:
        yield world


def seed(world: ArmWorld) -> None:
    """A group, accounts, a protected machine, a vault: whatever of it is not there."""
    if world.request("GET", ITEM).status_code == 200:
        return
    for lock in world.ports.store.find(LOCKS):
        world.ports.store.delete(LOCKS, lock.id)
    world.add_group()
    if world.request("GET", VM).status_code != 200:
        # What is left of one before it may be in the way; then its operations are probed without a machine.
        with suppress(AssertionError, PortError):
            world.add_machine()
    world.request("PUT", VAULT, {"location": "westus", "sku": {"name": "Standard"}, "properties": {}})
    world.request("PUT", ITEM, world.protection())
    world.settle()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if place % OF_OPERATIONS else [])
        for place, name in enumerate(OPERATIONS)
    ],
)
def test_no_request_makes_the_service_fail(world: ArmWorld, name: str, pytestconfig: pytest.Config) -> None:
    from schemathesis.generation import GenerationMode

    seed(world)
    operation = operations()[name]
    examples = EXAMPLES * (12 if pytestconfig.getoption("all") else 1)
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @settings(max_examples=examples, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases, led=st.sampled_from((True, True, True, False)), data=st.data())
    def probe(case: Any, led: bool, data: st.DataObject) -> None:
        if led:
            lead(case, data)
        send(world, case)

    probe()
    check_store(world.ports.store)


MALFORMED: dict[str, bytes] = {
    "cut": b'{"location": "westus", "properties": {',
    "list": b"[]",
    "text": b'"westus"',
    "bytes": b"\xff\xfe\x00",
    "nul": b'{"location": "west\x00us"}',
    "surrogate": b'{"location": "\\ud800"}',
    "infinite": b'{"properties": {"diskSizeGB": 1e999}}',
    "long number": b'{"properties": {"diskSizeGB": ' + b"9" * 5_000 + b"}}",
    "deep": b'{"properties": ' * 50_000,
    "deep and closed": b'{"properties": ' * 5_000 + b"1" + b"}" * 5_000,
    "xml": b"<location>westus</location>",
    "form": b"location=westus&sku=Standard",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_body_is_refused_by_every_operation_that_reads_one(world: ArmWorld, content: bytes) -> None:
    seed(world)
    before = contents(world)
    for route in ROUTES:
        if route.body is None or route.is_refused:
            continue
        names = {name: NAMES.get(name, ["new"])[0] for name in re.findall(r"{(\w+)}", route.path)}
        url = f"{route.path.format(**names)}?api-version=2026-05-01"
        headers = {"Authorization": f"Bearer {world.token}", "Content-Type": "application/json"}
        response = world.send(route.method, url, content=content, headers=headers)
        assert 400 <= response.status_code < 500, f"{route.method} {url}: {response.status_code}"
        assert response.json()["error"]["code"], route.path
    assert contents(world) == before


@pytest.mark.parametrize(
    "name", ["%00", "a%0Ab", "%FF%FE", "%E2%80%AE", "x" * 5_000, "..%2F..", "%25ZZ", "'\"<>", "%C2%85"]
)
def test_a_name_that_is_none_is_refused_wherever_one_stands(world: ArmWorld, name: str) -> None:
    seed(world)
    before = contents(world)
    for route in ROUTES:
        if route.method not in {"GET", "PUT"} or route.is_refused:
            continue
        parameters = re.findall(r"{(\w+)}", route.path)
        if not parameters or parameters[-1] == "subscription":
            continue
        names = {each: NAMES.get(each, ["new"])[0] for each in parameters} | {parameters[-1]: name}
        url = f"{route.path.format(**names)}?api-version=2026-05-01"
        body = None if route.method == "GET" else {"location": "westus", "properties": {}}
        response = world.send(route.method, url, json=body, headers={"Authorization": f"Bearer {world.token}"})
        # A slash in a name leads elsewhere, perhaps to what is not simulated.
        assert 400 <= response.status_code < 500 or (response.status_code == 501 and "%2F" in name), (
            f"{url}: {response}"
        )
        assert response.json()["error"]["code"], route.path
    assert contents(world) == before


def lead(case: Any, data: st.DataObject) -> None:
    """Turn a case to what exists, so that its body is looked at."""
    for name in case.path_parameters or {}:
        if name in NAMES:
            case.path_parameters[name] = data.draw(st.sampled_from(NAMES[name]))
    case.query = {**(case.query if isinstance(case.query, dict) else {}), "api-version": "2026-05-01"}
    case.headers = {}


def send(world: ArmWorld, case: Any) -> None:
    request = case.as_transport_kwargs(base_url=BASE_URL)
    headers = {key: value for key, value in request["headers"].items() if key.lower() != "authorization"}
    headers["Authorization"] = f"Bearer {world.token}"
    options = {key: request[key] for key in ("params", "json", "data", "content") if request.get(key) is not None}
    if isinstance(options.get("data"), bytes):
        options["content"] = options.pop("data")
    before = contents(world)
    response = world.send(request["method"], request["url"], headers=raw(headers), **options)
    world.settle()
    told = f"{request['method']} {request['url']} {options} -> {response.status_code} {response.text[:400]}"
    documented = {int(status) for status in case.operation.definition.raw["responses"]}
    assert response.status_code in documented, told
    assert response.status_code not in UNDOCUMENTED, told
    if response.status_code >= 400:
        check_refusal(world, case, response, told)
        assert contents(world) == before, f"half-written: {told}"
    elif response.content:
        assert response.headers["content-type"].startswith("application/json"), told


def check_refusal(world: ArmWorld, case: Any, response: Any, told: str) -> None:
    if case.method.upper() == "HEAD":
        return
    error = response.json()["error"]
    if isinstance(error, str):  # as OAuth has it
        assert "oauth2" in case.path or "openid" in case.path, told
        return
    assert error["code"], told
    assert error["message"], told


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (key.encode("latin-1", "replace"), str(value).encode("latin-1", "replace")) for key, value in headers.items()
    ]


# ------------------------------------------------------------------------------------------------------- what must hold


def contents(world: ArmWorld) -> str:
    """A digest of all documents."""
    digest = sha256()
    for found in every_document(world.ports.store):
        digest.update(f"{found.kind} {found.id} {found.etag} {found.private}".encode())
        digest.update(found.body)
    return digest.hexdigest()
