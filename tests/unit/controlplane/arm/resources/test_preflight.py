"""What a preflight leaves alone: nobody waits for it, nothing stays of it, and it ends when its client leaves."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

from starlette.types import Message

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.domain.events.service import ArmRequest, RequestAnswered
from controlplane.domain.storage.storage_account import KIND
from tests.unit.controlplane.arm.arm_world import VERSION, ArmWorld, arm_world, service_storage
from tests.unit.controlplane.arm.resources.test_arm_deployments import DEPLOYMENT, request, resource

VALIDATE = f"{DEPLOYMENT}/validate"


class TellingBlobs(MemoryBlobs):
    """Calls `when_asked` whenever somebody asks for the address of a customer's account."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.when_asked: Callable[[], None] = lambda: None

    def account_url(self, account: str) -> str:
        self.asked.append(account)
        self.when_asked()
        return super().account_url(account)


def accounts(count: int) -> Any:
    kind = "Microsoft.Storage/storageAccounts"
    sku = {"sku": {"name": "Standard_LRS"}}
    return request(*(resource(kind, f"account{n}", **sku) | {"kind": "StorageV2"} for n in range(count)))


def test_others_write_while_resources_are_tried() -> None:
    blobs = TellingBlobs()
    with arm_world(service_storage(blobs)) as world:
        world.add_group()

        def write() -> None:
            writer = threading.Thread(target=lambda: world.ports.store.put("test", "written", {}))
            writer.start()
            writer.join(10)
            assert world.ports.store.get("test", "written"), "the preflight kept somebody from writing"

        blobs.when_asked = write
        assert world.post(VALIDATE, accounts(2)).status_code == 200
        assert blobs.asked == ["account0", "account1"]


def test_nothing_stays_of_it() -> None:
    with arm_world() as world:
        world.add_group()
        last = world.ports.store.events()[-1].id
        assert world.post(VALIDATE, accounts(2)).status_code == 200
        assert world.ports.store.find(KIND) == []
        told = [event.name for event in world.ports.store.events(since=last)]
        assert told == [ArmRequest.NAME, RequestAnswered.NAME]


def test_it_ends_when_its_client_leaves() -> None:
    blobs = TellingBlobs()
    with arm_world(service_storage(blobs)) as world:
        world.add_group()
        last = world.ports.store.events()[-1].id
        sent = world.loop.run(_validate_and_leave(world, blobs))
        assert blobs.asked == ["account0"]
        assert sent[0]["status"] == 499
        answered = world.ports.store.events(since=last)[-1]
        assert answered.data["status"] == 499


async def _validate_and_leave(world: ArmWorld, blobs: TellingBlobs) -> list[Message]:
    """The client sends its request and leaves as soon as the first resource is tried."""
    loop, leaves = asyncio.get_running_loop(), asyncio.Event()
    waiting = [{"type": "http.request", "body": json.dumps(accounts(5)).encode(), "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await leaves.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def leave() -> None:
        leaves.set()
        for _ in range(5):
            await asyncio.sleep(0)  # until whoever waits for it has learned of it

    blobs.when_asked = lambda: asyncio.run_coroutine_threadsafe(leave(), loop).result(10)
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "https",
        "path": VALIDATE,
        "query_string": f"api-version={VERSION['api-version']}".encode(),
        "headers": [(b"authorization", f"Bearer {world.token}".encode()), (b"host", b"arm.invalid")],
    }
    await world.app(scope, receive, send)
    return sent
