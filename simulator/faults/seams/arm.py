"""Seams towards clients of Resource Manager: answers, connections, reads, lists, operations.

They stand around the service's ASGI application, so that what is asked reaches the service only as far as the fault
lets it, and what it answers is the service's own wherever no fault acts.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection
from http import HTTPStatus
from typing import ClassVar, NamedTuple

from starlette.concurrency import run_in_threadpool

from controlplane.arm.edge.call import Answer, as_json
from controlplane.arm.edge.reply import Reply
from controlplane.arm.edge.routing import operation_name, split, type_of
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event
from controlplane.json_object import Json
from simulator.faults.board import Board
from simulator.faults.fault import Setting
from simulator.faults.seam import Facts, Follows, Seam
from simulator.serving import Application, Message, Receive, Send

MOST_REMEMBERED = 1000
"""Paths and lists of which a seam keeps something."""
LARGEST_LIST_BYTES = 1024 * 1024
OPERATIONS = {"operations", "operationsstatus", "operationstatuses", "backupoperations"}
RESULTS = {"operationresults", "backupoperationresults"}
"""Segments of paths at which an operation's status and its result are asked for."""
PLACES = frozenset({"operation", "vm", "vault"})
ACTIONS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


class ClientRequest(NamedTuple):
    """One request to Resource Manager."""

    method: str
    path: str
    query: str
    base_url: str

    @property
    def facts(self) -> dict[str, str]:
        words = split(self.path)
        named = {word.lower(): words[index + 1] for index, word in enumerate(words[:-1])}
        facts = {"operation": operation_name(self.method, words)}
        if "virtualmachines" in named:
            facts["vm"] = self.path.lower()[: self.path.lower().index("/virtualmachines/")] + (
                f"/virtualMachines/{named['virtualmachines']}"
            )
        return facts | ({"vault": named["vaults"]} if "vaults" in named else {})

    @property
    def action(self) -> str:
        """As a role names it."""
        kind = type_of(self.path) if "/providers/" in self.path else "Microsoft.Resources/resourceGroups"
        last = split(self.path)[-1] if self.method == "POST" else ""
        return (
            f"{kind.removesuffix('/' + last)}/{last}/action" if last else f"{kind}/{ACTIONS.get(self.method, 'read')}"
        )

    @property
    def is_list(self) -> bool:
        """Whether its path ends with a kind of resource, and not with the name of one."""
        provider = self.path.rpartition("/providers/")
        words = split(provider[2])
        ends_with_kind = len(words) % 2 == (0 if provider[1] else 1)
        return self.method == "GET" and ends_with_kind and not self.asks_operation

    @property
    def asks_operation(self) -> bool:
        return not (OPERATIONS | RESULTS).isdisjoint(word.lower() for word in split(self.path))


class BufferedAnswer(NamedTuple):
    """An answer of the service that was held back until it was held."""

    start: Message
    body: bytes

    @property
    def status(self) -> int:
        return int(self.start["status"])

    def with_body(self, content: bytes, status: int | None = None) -> BufferedAnswer:
        dropped = (b"content-length",)
        headers = [pair for pair in self.start["headers"] if pair[0] not in dropped]
        headers.append((b"content-length", b"%d" % len(content)))
        return BufferedAnswer({**self.start, "status": status or self.status, "headers": headers}, content)

    async def send(self, send: Send) -> None:
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})


def _of_request(event: Event) -> Facts:
    method = event.data["operation"].partition(" ")[0]
    return {**ClientRequest(method, event.data["id"], "", "").facts, "operation": event.data["operation"]}


class _ArmSeam(Seam):
    PLACES = PLACES
    FOLLOWS: ClassVar[Follows] = {events.ArmRequest.NAME: _of_request}


class ArmAnswerSeam(_ArmSeam):
    """What Resource Manager answers in place of the service."""

    NAME = "arm-answer"
    WHAT = "Resource Manager answers a request of a client."

    def answer(self, asked: ClientRequest, setting: Setting) -> Answer:
        words = split(asked.path)
        blanks = {
            "operation": asked.action,
            "path": asked.path,
            "subscription": words[1] if len(words) > 1 else "",
            "seconds": setting.values.get("retry_after_seconds", 0),
        }
        message = setting.text("message")
        for name, value in blanks.items():
            message = message.replace(f"{{{name}}}", str(value))
        wait = int(setting.values.get("retry_after_seconds", 0))
        body = {"error": {"code": setting.text("code"), "message": message}}
        return as_json(body, setting.whole("status"), {"Retry-After": str(wait)} if wait else {})


class ArmConnectionSeam(_ArmSeam):
    """The connection of a client to Resource Manager."""

    NAME = "arm-connection"
    WHAT = "The connection of a client to Resource Manager is used for a request and its answer."

    async def cut(self, send: Send) -> None:
        """The head of an answer and less than it promises: the listener then ends the connection."""
        headers = [(b"content-length", b"2"), (b"content-type", b"application/json; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


class ArmReadSeam(_ArmSeam):
    """A replica that does not know yet what was created a moment ago."""

    NAME = "arm-read"
    WHAT = "A client reads a resource that it created a moment ago."
    FOLLOWS: ClassVar[Follows] = {}

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self._created: OrderedDict[str, int] = OrderedDict()
        """Path -> how often it was read since."""

    def created(self, asked: ClientRequest, status: int) -> None:
        if asked.method == "PUT" and status < HTTPStatus.MULTIPLE_CHOICES:
            self._created[asked.path.lower()] = 0
            while len(self._created) > MOST_REMEMBERED:
                self._created.popitem(last=False)

    def answer(self, asked: ClientRequest) -> Answer | None:
        reads = self._created.get(asked.path.lower())
        if asked.method not in {"GET", "HEAD"} or reads is None:
            return None
        standing = self.board.all_standing(self.NAME, asked.facts)
        if not standing or reads >= standing[0].whole("reads") or self.match(**asked.facts) is None:
            return None
        self._created[asked.path.lower()] = reads + 1
        words = split(asked.path)
        group = words[3] if len(words) > 3 else ""
        message = (
            f"The Resource '{type_of(asked.path)}/{words[-1]}' under resource group '{group}' was not found. For more "
            "details please go to https://aka.ms/ARMResourceNotFoundFix"
        )
        return as_json({"error": {"code": "ResourceNotFound", "message": message}}, HTTPStatus.NOT_FOUND)


class ArmListSeam(_ArmSeam):
    """A replica whose lists are behind."""

    NAME = "arm-list"
    WHAT = "A client asks for a list of resources."
    FOLLOWS: ClassVar[Follows] = {}

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self._lists: OrderedDict[str, BufferedAnswer] = OrderedDict()

    def remember(self, asked: ClientRequest, held: BufferedAnswer) -> None:
        if held.status == HTTPStatus.OK and len(held.body) <= LARGEST_LIST_BYTES:
            self._lists[f"{asked.path.lower()}?{asked.query}"] = held
            while len(self._lists) > MOST_REMEMBERED:
                self._lists.popitem(last=False)

    def answer(self, asked: ClientRequest) -> BufferedAnswer | None:
        """The list as it was when it was first asked for since the fault was set."""
        former = self._lists.get(f"{asked.path.lower()}?{asked.query}")
        return former if former is not None and self.match(**asked.facts) is not None else None

    def forget(self) -> None:
        self._lists.clear()


class ArmOperationSeam(_ArmSeam):
    """What Resource Manager says of an operation that goes on."""

    NAME = "arm-operation"
    WHAT = "A client asks how far a long-running operation is."
    FOLLOWS: ClassVar[Follows] = {}

    def told(self, asked: ClientRequest, held: BufferedAnswer) -> BufferedAnswer:
        """The status as the client is told it: never at its end, or at another one."""
        has_ended, body = _ended(held)
        setting = self.match(**asked.facts) if has_ended else None
        if setting is None:
            return held
        if body is None:  # a result: whoever asks is sent back to ask again
            again = held.with_body(b"", HTTPStatus.ACCEPTED)
            place = f"{asked.base_url}{asked.path}?{asked.query}".encode()
            again.start["headers"].extend([(b"location", place), (b"retry-after", b"1")])
            return again
        if setting.text("ends") == "never":
            body = {key: value for key, value in body.items() if key not in {"endTime", "error"}} | {
                "status": "InProgress"
            }
        else:
            error = {"code": setting.text("code"), "message": setting.text("message")}
            body |= {"status": "Failed", "error": error}
        return held.with_body(json.dumps(body).encode())


def _ended(held: BufferedAnswer) -> tuple[bool, Json | None]:
    """Whether an answer says that an operation has ended, and its body if it is a status."""
    if held.status in {HTTPStatus.ACCEPTED} or held.status >= HTTPStatus.MULTIPLE_CHOICES:
        return False, None
    body = json.loads(held.body) if held.body else None
    if not isinstance(body, dict) or "status" not in body:
        return True, None
    return body["status"] != "InProgress", body


class FaultyArm:
    """The service's application with the seams around it."""

    def __init__(self, service: Application, board: Board, roots: Collection[str], place: str) -> None:
        self._service = service
        self._board = board
        self._roots = roots
        self._place = place
        self._answer = ArmAnswerSeam(board)
        self._connection = ArmConnectionSeam(board)
        self._read = ArmReadSeam(board)
        self._list = ArmListSeam(board)
        self._operation = ArmOperationSeam(board)
        board.on_change(self._forget)
        self._seams = (self._answer, self._connection, self._read, self._list, self._operation)

    def _forget(self) -> None:
        if not self._board.has(self._list.NAME):
            self._list.forget()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if self._concerns(scope):
            await self._serve(scope, receive, send)
        else:
            await self._service(scope, receive, send)

    def _concerns(self, scope: Message) -> bool:
        if scope["type"] != "http" or not any(self._board.has(seam.NAME) for seam in self._seams):
            return False
        return scope["path"].lstrip("/").partition("/")[0].lower() in self._roots

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        base_url = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        asked = ClientRequest(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), base_url)
        reply = Reply(send, headers, self._place)
        setting = await self._match(self._answer, asked)
        if setting is not None:
            if setting.values.get("is_done"):
                await self._held_back(scope, receive)
            await reply.answer(self._answer.answer(asked, setting), {}, asked.method == "HEAD")
            return
        setting = await self._match(self._connection, asked)
        if setting is not None:
            if setting.values.get("is_done"):
                await self._held_back(scope, receive)
            await self._connection.cut(send)
            return
        missing = await run_in_threadpool(self._read.answer, asked)
        if missing is not None:
            await reply.answer(missing, {}, asked.method == "HEAD")
            return
        await self._pass_on(asked, scope, receive, send)

    async def _pass_on(self, asked: ClientRequest, scope: Message, receive: Receive, send: Send) -> None:
        stale = await run_in_threadpool(self._list.answer, asked) if asked.is_list else None
        if stale is not None:
            await stale.send(send)
            return
        held = await self._held_back(scope, receive)
        self._read.created(asked, held.status)
        if asked.is_list and self._board.has(self._list.NAME):
            self._list.remember(asked, held)
        if asked.method == "GET" and asked.asks_operation and self._board.has(self._operation.NAME):
            held = await run_in_threadpool(self._operation.told, asked, held)
        await held.send(send)

    async def _match(self, seam: Seam, asked: ClientRequest) -> Setting | None:
        """In a thread: what acts is written to the store."""
        return await run_in_threadpool(seam.match, **asked.facts) if self._board.has(seam.NAME) else None

    async def _held_back(self, scope: Message, receive: Receive) -> BufferedAnswer:
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message, headers=list(message.get("headers", ())))
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self._service(scope, receive, keep)
        return BufferedAnswer(start, bytes(body))
