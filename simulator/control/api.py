"""The control API `/_sim`: what only a simulator can offer. Loopback only, behind a token of its own.

GET  /_sim/vms                      machines with their workloads
GET  /_sim/vms/show?vm=VM           disks, writers, services, agent and handlers of a machine
GET  /_sim/vms/map?vm=VM            how much of each part of its disks is used, and changed between two recovery points
                                    (since=POINT, until=POINT), or since the newest one
GET  /_sim/vms/writers?vm=ID        what `vssadmin list writers` prints in the guest
POST /_sim/vms/run                  {"vm", "line", "language"?}: run a line in the shell of a guest
GET  /_sim/vms/files?vm=VM&name=P   the files of a guest whose names fit, with their digests
GET  /_sim/vms/files/content?vm=VM&file=PATH   what one holds, in base64
POST /_sim/vms/files/act            {"vm", "act", "path", "content"?, "key"?}: put, rm or encrypt
GET  /_sim/vms/wire?vm=VM           how a program of this machine reaches its host, see docs/real-agent.md
POST /_sim/vms/agent                {"vm", "agent"}: none leaves the place of our agent to a real one, or simulated
POST /_sim/files                    {"vm", "lun", "mebibytes"}: write a text file of that size on a disk
POST /_sim/workload                 {"vm", "transactions", "name"?}: let the database commit so many more
GET  /_sim/recoverypoint?id=ID      what the service measured of a recovery point
GET  /_sim/recoverypoint/files?id=ID&name=P    its files whose names fit; with job=JOB on the disks that it restored
GET  /_sim/recoverypoint/files/content?id=ID   what one holds, in base64; it is named by lun=N and name=FILE
POST /_sim/verify                   {"recovery_point", "job"?}: see verify.py
GET  /_sim/reports?job=JOB          what handlers reported of a backup: status and log blob of each attempt, as text
GET  /_sim/events?since=N&job=ID    the journal of events; with follow=true as a stream that goes on
GET  /_sim/endpoints                what endpoints.json says
GET  /_sim/explain?of=NAME          why a job, a recovery point or a vault is as it is, see docs/explain.md
POST /_sim/vaultcheck               {"vault"?, "read_data_percent"?, "seed"?}: begin a check of the vaults
GET  /_sim/vaultcheck?id=ID         how far it is, and its report
POST /_sim/forecast                 {"policy", "vault"?} or {"body"}: what a policy will come to; also "from", "years",
                                    "disk_gib", "change_percent_per_day"
POST /_sim/reset                    the world is empty again
POST /_sim/purge                    what is soft-deleted is gone
GET  /_sim/clock                    the world's time, how it passes, who holds it, and what is due next
POST /_sim/clock/set                {"mode"?, "rate"?}: real, scaled or virtual from now on
POST /_sim/clock/advance            {"by" | "to" | "until" | "resume", "asked_by"?}: move world time, see docs/time.md
GET  /_sim/clock/advance?id=N       how far an advance is, or what it came to; without id the newest
POST /_sim/clock/stop               end the advance before its next instant
GET  /_sim/clock/due?by=30d         what an advance would come upon; to=TIME or until=next as well
GET  /_sim/limits                   how many requests there were, and what is left of their limits
POST /_sim/limits                   {"enforced"?, "refill"?}: refuse who has none left, fill all up
GET  /_sim/pace                     the least duration of jobs' steps, what is held and what waits
GET  /_sim/faults                   every fault that there is, and those that are set
GET  /_sim/faults/show?fault=NAME   one of them
POST /_sim/faults/set               {"fault", "where"?, "when"?, "parameters"?, "dry_run"?}: see docs/failures.md
POST /_sim/faults/clear             {"faults": [NAME or NUMBER, ...]} or {"all": true}
GET  /_sim/faults/hits?number=N     when they acted, and upon what
GET  /_sim/faults/requests?party=P  what came through the storage gateway
GET  /_sim/handlers                 the published handlers, which one the service orders, what machines have
GET  /_sim/handlers/logs?vm=VM      what the handlers of a machine wrote: commands, exit codes, status files, logs
GET  /_sim/handlers/broken?job=ID   the rules that the handler of a job broke, see docs/handler-guide.md
GET  /_sim/handlers/silent          machines that have work to do and have given no sign of life for some seconds
POST /_sim/handlers/publish         {"path" | "content", "name"?, "version"?}: a folder or zip here, or a zip in base64
POST /_sim/handlers/block           {"name", "version", "blocked"?}: choose it for no order any more, or again
POST /_sim/handlers/withdraw        {"name", "version"}: publish it no more
GET  /_sim/worlds                   the saved worlds; `library` in this and the next names another folder of them
POST /_sim/worlds/save              {"name", "library"?}: keep this world as it is at the next moment of rest
POST /_sim/worlds/restore           {"name", "library"?}: this world ends, and begins anew as the saved one
POST /_sim/worlds/fork              {"name", "state", "library"?}: a new world in the folder `state`, not started
POST /_sim/worlds/delete            {"name", "library"?}: keep a saved world no longer
POST /_sim/worlds/export            {"name", "file", "library"?}: a saved world as one file, which holds its keys
POST /_sim/worlds/import            {"file", "name"?, "library"?}: take in such a file as a saved world
POST /_sim/pace                     {"seconds"?, "kinds"?, "plausible"?, "hold"?, "release"?}: change that
GET  /_sim/lectern                  how jobs go on before an audience, and which wait at a border
POST /_sim/lectern                  {"mode", "seconds"?}: run, slow (a rest at each border) or step (wait there)
POST /_sim/lectern/go               {"job"?}: let on what waits, or one job of it
GET  /_sim/stories                  the told stories, and what was said of the one that is told here
POST /_sim/stories/tell             {"story", "step"?, "slow"?}: tell one in this world, which has to be empty
POST /_sim/stories/change           {"step"?, "slow"?}: wait after each sentence; leave so much time to read it
POST /_sim/stories/go               the next sentence
POST /_sim/stories/stop             the story ends after what it is doing
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import StrictInt
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import recovery_point as points
from controlplane.domain.recovery_services.recovery_point import TIERS
from controlplane.json_object import Json
from controlplane.ports import Limits, PortError, Store
from simulator.control import explanations, forecasts, guests, machines, point_files, reports, strictness, vault_checks
from simulator.control import faults as control_faults
from simulator.control import handlers as control_handlers
from simulator.control import lectern as control_lectern
from simulator.control import saved_worlds as control_saved_worlds
from simulator.control import world as control_world
from simulator.control.handlers import HandlerControls
from simulator.control.saved_worlds import SavedWorldControls
from simulator.control.strictness import Refused
from simulator.control.vault_checks import VaultChecks
from simulator.control.verify import Verifier
from simulator.control.world import WorldControls
from simulator.failures import Failure, WrongUse, is_of_full_disk
from simulator.faults.faults import Faults
from simulator.guest.disk.directory import VolumeError
from simulator.host.host import Host
from simulator.saved_worlds.archive import NoRoom
from simulator.stories.live import Storyteller

LARGEST_FILE_MIB = 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})


def _nobody() -> Storyteller:
    raise WrongUse("nobody tells stories in this world")


@dataclass(frozen=True)
class Controls:
    """What the control API works on."""

    token: str
    store: Store
    host: Host
    verifier: Verifier
    world: WorldControls
    vault_checks: VaultChecks
    faults: Faults
    handlers: HandlerControls
    saved_worlds: SavedWorldControls
    networks: Sequence[IPv4Network | IPv6Network] = ()
    """Who may ask, besides this machine."""
    teller: Callable[[], Storyteller] = _nobody
    limits: Limits = field(default_factory=Limits)
    """Of the service, as this world has them."""


class NoSuchThing(Failure):
    """The world has no such machine, workload or recovery point."""


def build(controls: Controls) -> FastAPI:
    """The application to be mounted at `/_sim`."""

    def trusted(request: Request) -> None:
        caller = request.client
        own = (request.scope.get("server") or ("",))[0]  # whoever comes from there is this machine, too
        if caller is None or not (caller.host == own or _is_near(caller.host, controls.networks)):
            raise Refused(
                403,
                "LoopbackOnly",
                f"The control API accepts no requests from {caller.host if caller else 'an unknown address'}; "
                "backupsim up --sim-from NETWORK admits others than this machine.",
            )
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), controls.token.encode()):
            raise Refused(401, "InvalidToken", "The control API needs sim_token of endpoints.json as bearer token.")

    dependencies = [Depends(trusted), Depends(strictness.refuse_unknown_keys)]
    app = FastAPI(title="backupsim control API", openapi_url=None, redirect_slashes=False, dependencies=dependencies)
    _add_machines(app, controls)
    guests.add(app, lambda: controls.host)
    machines.add(app, lambda: controls.store, lambda: controls.host, lambda: controls.verifier)
    _add_points(app, controls)
    point_files.add(app, lambda: controls.verifier)
    control_world.add(app, lambda: controls.world)
    vault_checks.add(app, lambda: controls.vault_checks)
    control_faults.add(app, lambda: controls.faults)
    reports.add(app, lambda: controls.store, lambda: controls.verifier.blobs)
    control_handlers.add(app, lambda: controls.handlers)
    control_saved_worlds.add(app, lambda: controls.saved_worlds)
    control_lectern.add(app, lambda: controls.world.pace.lectern, lambda: controls.teller())
    forecasts.add(app, lambda: controls.store, lambda: controls.world.clock.time.now(), lambda: controls.limits)
    explanations.add(
        app, lambda: controls.store, lambda: controls.world.clock.time.now(), lambda: controls.verifier.settle()
    )
    _add_errors(app)
    return app


def _is_near(host: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    if host in LOOPBACK:
        return True
    with suppress(ValueError):
        return any(ip_address(host) in network for network in networks)
    return False


def _add_machines(app: FastAPI, controls: Controls) -> None:
    @app.get("/vms")
    def listed() -> Json:
        return {"vms": [_machine(controls, vm) for vm in controls.host.machines()]}

    @app.get("/vms/writers")
    def writers(vm: str) -> PlainTextResponse:
        guest = _guest(controls, vm)
        if not guest.profile.has_vss:
            raise NoSuchThing(f"{vm} runs {guest.profile.name}, which has no VSS and no writers")
        return PlainTextResponse(guest.vssadmin_list_writers())

    @app.post("/workload")
    def work(
        vm: Annotated[str, Body()],
        transactions: Annotated[StrictInt, Body(ge=0, le=1_000_000)],
        name: Annotated[str, Body()] = "database",
    ) -> Json:
        workload = _guest(controls, vm).workloads.get(name)
        if workload is None:
            raise NoSuchThing(f"{vm} has no workload named {name}; GET /_sim/vms lists them")
        workload.run(transactions)
        return {"vm": vm, "workload": name, **workload.facts()}

    @app.post("/files")
    def files(
        vm: Annotated[str, Body()],
        lun: Annotated[StrictInt, Body(ge=-1, le=63)],
        mebibytes: Annotated[StrictInt, Body(ge=1, le=LARGEST_FILE_MIB)],
    ) -> Json:
        workload = _guest(controls, vm).workloads["files"]
        try:
            name = workload.archive(lun, mebibytes * 1024 * 1024)
        except VolumeError as problem:
            raise NoSuchThing(f"{vm} cannot write the file ({problem}); GET /_sim/vms lists the machines") from None
        return {"vm": vm, "lun": lun, "file": name, "mebibytes": mebibytes}


def _add_points(app: FastAPI, controls: Controls) -> None:
    @app.get("/recoverypoint")
    def recovery_point(id: str) -> Json:
        return _point(controls, id)

    @app.post("/verify")
    def verify(recovery_point: Annotated[str, Body()], job: Annotated[str | None, Body()] = None) -> Json:
        return controls.verifier.verify(recovery_point, job)


def _add_errors(app: FastAPI) -> None:
    def answer(status: int, code: str, message: str) -> JSONResponse:
        return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)

    handlers: dict[type[Exception], Callable[[Request, Any], Response]] = {
        ClientDisconnect: lambda request, error: Response(status_code=400),  # nobody hears it
        Refused: lambda request, error: answer(error.status, error.code, str(error)),
        WrongUse: lambda request, error: answer(400, "InvalidRequest", str(error)),
        HTTPException: lambda request, error: answer(error.status_code, *strictness.not_served(app, request, error)),
        Failure: lambda request, error: answer(404, type(error).__name__, str(error)),
        NoRoom: lambda request, error: answer(507, "InsufficientStorage", str(error)),
        OSError: lambda request, error: answer(507, "InsufficientStorage", _of_full_disk(error)),
        ServiceError: lambda request, error: answer(error.status, error.code, error.message),
        PortError: lambda request, error: answer(503, type(error).__name__, str(error)),
        RequestValidationError: lambda request, error: answer(400, "InvalidRequest", _first_problem(error)),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _of_full_disk(error: OSError) -> str:
    """Its sentence; any other error of a file system is a bug of ours, and stays one."""
    if not is_of_full_disk(error):
        raise error
    return "no space is left on the disk; free some space there, and ask again"


def _first_problem(error: RequestValidationError) -> str:
    problem = error.errors()[0]
    if problem["type"] == "json_invalid":
        return f"the body is not JSON: {problem['ctx']['error']}"
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _guest(controls: Controls, vm: str) -> Any:
    guest = controls.host.guest(vm)
    if guest is None:
        raise NoSuchThing(f"no machine {vm} is running in this world; GET /_sim/vms lists them")
    return guest


def _machine(controls: Controls, vm: str) -> Json:
    guest = controls.host.guest(vm)
    workloads = {name: workload.facts() for name, workload in guest.workloads.items()} if guest else {}
    return {"id": vm, "running": guest is not None, "workloads": workloads}


def _point(controls: Controls, id: str) -> Json:
    document = controls.store.get(points.KIND, id)
    if document is None:
        raise NoSuchThing(
            f"no recovery point {id} exists in this world; az backup recoverypoint list shows those of an item"
        )
    point = points.from_json(document.private["point"])
    machine = str(controls.verifier.machine_of(document))
    truth = controls.verifier.truth_of(machine, point.task_id) if point.task_id else None
    return {
        "id": point.document,
        "time": point.time.isoformat().replace("+00:00", "Z"),
        "consistency": point.consistency,
        "tiers": list(TIERS[point.tiers]),
        "freeze_window_milliseconds": truth.held_milliseconds if truth else None,
        "disks": [
            {
                "name": disk.name,
                "lun": disk.lun,
                "size_bytes": disk.size_bytes,
                "allocated_bytes": disk.allocated_bytes or 0,
                "changed_bytes": disk.changed_bytes or 0,
                "transferred_bytes": disk.transferred_bytes or 0,
            }
            for disk in point.disks
        ],
    }
