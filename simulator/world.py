"""Builds one world from a Config: storage, store, engine, ARM, host, wire server. It is the only composition root.

`build(config)` returns a running world; closing it ends everything it started, in reverse. Production modules know
neither faults nor tests: what such a thing needs is a wrapper over a port, put on here.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.inline_engine import InlineEngine
from controlplane.arm import app as arm
from controlplane.arm.edge.rate_limits import RateLimits
from controlplane.arm.sign_in.aad import Identity
from controlplane.domain.events import service as events
from controlplane.jobs.catalog import plans
from controlplane.jobs.crash_recovery import Loss, RestoreLoss, name_losses
from controlplane.jobs.timetable import Timetable
from controlplane.json_object import Json
from controlplane.ports import Blobs, Limits, PortError, Ports, ServiceSettings, StorageUnavailable
from simulator import parties, side_by_side
from simulator.bounds import RefusalText
from simulator.clock import kept_clock
from simulator.clock.kept_clock import ClockSettings
from simulator.clock.served_requests import ServedRequests
from simulator.clock.system import SystemClock
from simulator.clock.world_clock import WorldClock
from simulator.clock.world_time import WorldTime
from simulator.daily_work import DailyWork
from simulator.failures import WorldEnded, is_of_full_disk
from simulator.faults import opening
from simulator.faults.seams.arm import FaultyArm
from simulator.faults.seams.host import FaultyFabric
from simulator.faults.seams.providers import FaultyProviders
from simulator.faults.seams.storage import FaultyBlobs
from simulator.faults.work import known
from simulator.handlers import ordered_extensions
from simulator.held_requests import holding
from simulator.pace import Pace, PaceSettings
from simulator.packages import HANDLER_FOLDER
from simulator.parties import Wrappers
from simulator.serving import Application, Serving, from_here, serve_text
from simulator.side_by_side import PAGE_PREFIX, when_ready
from simulator.state import signing_keys
from simulator.state.authority import Authority, server_hosts
from simulator.state.folder import NEW_SECRETS, Endpoints, StateFolder, cache_folder
from simulator.state.kept_files import damaged
from simulator.state.logs import logger, recording
from simulator.state.publication import Publication
from simulator.state.service_configuration import configured
from simulator.storage import forgotten_deletions, storage_address
from simulator.storage.deferred_blobs import DeferredStorage
from simulator.storage_ways import StorageWays
from simulator.world_store import OpenedStore, open_store

if TYPE_CHECKING:
    from controlplane.adapters.azurite import AzuriteBlobs
    from controlplane.adapters.endpoint_probe import ProbeAnswer
    from controlplane.service_settings import OrderedExtension
    from simulator.guest.conditions import ConditionsOf
    from simulator.handlers.sources import HandlerSource
    from simulator.storage.shared_azurite import SharedAzurite, StorageShare


CONTROL_PREFIX = "/_sim"
OLDER_STORE = "store.db is older than the last run: what happened after it was copied is not in it"
ACCOUNTS_MARK = "accounts_mark"
"""What the state folder keeps of it: the end of the names of the service's own storage accounts."""


@dataclass(frozen=True)
class Config:
    """The configuration of a world. Port 0 picks a free port."""

    state: Path
    seed: int = 0
    host: str = "127.0.0.1"
    arm_port: int = 0
    https_port: int = 0
    blob_port: int = 0
    blob_endpoint: str | None = None
    """Use this blob endpoint instead of starting Azurite."""
    blob_accounts: str | None = None
    """Its accounts, `name:key;name:key`, or a file that holds such."""
    azurite: SharedAzurite | None = None
    """Use this Azurite, which other worlds of this process use too, instead of starting one."""
    dsn: str | None = None
    vss: bool = True
    workload_rate: float = 1.0
    """How often the workloads of machines write, as a multiple of the usual; 0: only when they are told to."""
    workload_per_day: DailyWork | None = None
    """What they do beside that for each day of world time, when a backup begins."""
    conditions: ConditionsOf | None = None
    """The conditions of each machine; None: the same for all, as `vss` and those of workloads say."""
    locale: str = "en-us"
    location: str = "westus"
    clock: ClockSettings = field(default_factory=ClockSettings)
    """How world time passes; what is not said is as it was."""
    boot: bool = True
    """False: store and blobs are served, but no virtual machine runs and no job goes on."""
    scheduled: bool = True
    """False: no backup starts by itself, and nothing expires."""
    hold_lapse_seconds: float = 30.0
    """Real time without a sign of life after which a machine does not hold world time any more."""
    job_workers: int | None = None
    """How many steps of jobs are at work at once; None: by the number of cores."""
    pace: PaceSettings | None = None
    """The least duration of jobs' steps; None: none, or plausible ones if the world has had them."""
    sim_networks: Sequence[IPv4Network | IPv6Network] = ()
    """Whose requests the control API accepts, besides those of this machine."""
    page_password: str | None = None  # opens the page to other machines, by HTTPS; None: nothing does
    limits: Limits | None = None
    on_demand_backups_per_day: int | None = None
    """How many backups on demand a machine may begin within 24 hours, 0: any number; None: as the settings say."""
    take_snapshot_from: str | None = None
    """Who takes the snapshots of machines that run, as customSettings has it; None: as the settings say."""
    start_spread_seconds: float | None = None
    """Within which time after its due time a scheduled backup starts; None: as the settings say."""
    snapshot_timeout_seconds: int | None = None
    """How long a handler may stay silent before its backup gives it up; None: as the settings say."""
    faults: Path | None = None
    """A file with faults that are set at the start, in place of those of an earlier file; None: what is set stays."""
    limit_requests: bool = False
    """Answer 429 to clients that exceed Resource Manager's token buckets."""
    strict_api_versions: bool = False
    """Refuse api-versions that a resource type does not know."""
    packages: Sequence[Path] = (HANDLER_FOLDER,)
    """Handlers that extensions can be made of: zips, or the folder of this project's own, with its former versions."""
    handlers: Sequence[HandlerSource] = ()
    """Handlers of anybody, published in addition to these or in their place, and kept."""
    windows_extension: OrderedExtension | None = None
    """The extension that snapshots machines with Windows, which is kept; None: as kept, or as the settings say."""
    linux_extension: OrderedExtension | None = None
    inert_extensions: bool = True
    """Install extensions that most public templates carry without running anything; False: refuse them by name."""
    agents: Sequence[str] = ()
    """Whose agent machines run, `none` or `simulated`, or `VM=none` for one, which is kept; else ours."""
    warm_start: bool = True
    """Fork our own handler's processes from an interpreter that waits, where the system can; False: start each anew."""
    new_signing_key: Callable[[], str] = signing_keys.new_key
    """Makes the key of a new world's tokens; whoever opens many worlds has keys made ahead."""
    can_go_back: bool = False
    """Whether whoever runs this world looks at `goes_back_to`."""
    cache: Path = field(default_factory=cache_folder)
    endpoints_copy: Path | None = None
    on_examined: Callable[[int, int], None] | None = None
    """Told of how many recovery points of how many it is known, at a start, whether the storage still has them."""
    settings: ServiceSettings = field(default_factory=ServiceSettings)


class World:
    """A running world. `failure` is set when it cannot go on."""

    def __init__(self, config: Config, wrappers: Wrappers) -> None:
        self.config = config
        self._wrappers = wrappers
        self.failure: WorldEnded | None = None
        self.losses: Sequence[Loss | RestoreLoss] = ()
        """What of its recovery points and restores the storage lost when this world was killed."""
        self.renewed: list[str] = []
        """What was gone from the state folder and made anew, or is older than the rest; a sentence each."""
        self.storage_answers: Mapping[str, ProbeAnswer] = {}
        """What a blob endpoint of somebody else's can and cannot do; nothing is said of our own Azurite."""
        self.goes_back_to: Path | None = None
        """The saved world that somebody wants it to be again: whoever runs it ends it, and begins it anew with that."""
        self._is_published = False
        self._limits = RateLimits(enforced=config.limit_requests)
        self._controls: Future[Application] = Future()
        self._controls.set_running_or_notify_cancel()  # a client that stops waiting must not cancel it for others
        self._stack = ExitStack()
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything, children and threads included."""
        self._stack.close()

    def save(self, target: Path, name: str = "") -> None:
        """This world as an orderly end leaves it, into a new folder, at a moment of rest, by this name. Failure."""
        from simulator.saved_worlds import contents, running

        running.save(self.config, self.state.path, self.time, self.store, self.host, lambda: self.azurite, target)
        self.store.record(events.WorldSaved(name, contents.size_of(target)).event())

    def _go_back(self, saved: Path) -> None:
        self.goes_back_to = saved

    @property
    def endpoints(self) -> Json:
        """What endpoints.json says now."""
        return self._endpoints().to_json()

    # ------------------------------------------------------------------------------------------------------- building

    def _build(self) -> None:
        config, keep = self.config, self._stack
        mark = {ACCOUNTS_MARK: secrets.token_hex(4)}  # of a world that is new; an older one has none
        self.state = StateFolder.open(config.state, seed=config.seed, config=mark)
        if config.endpoints_copy is not None:  # of a world that was killed
            config.endpoints_copy.unlink(missing_ok=True)
        self._examined = True  # there is nothing yet
        keep.callback(lambda: self.state.close(orderly=self._is_orderly()))
        keep.enter_context(recording(self.state.logs))
        self._settings = self._service_settings()
        self.clock = WorldClock()
        self.real_time = SystemClock(on_error=_action_failed)
        keep.callback(self.real_time.close)
        opened = open_store(self.state, config.dsn, self.clock, keep, self._is_orderly)
        self.store = opened.store
        self._settings = ordered_extensions.kept_with(config, self.store, self._settings)
        kept = kept_clock.restored(self.clock, kept_clock.read(self.store), config.clock)
        self.time = WorldTime(self.clock, self.store, kept, _action_failed)
        self._served = ServedRequests()
        self.time.add(self._served)
        self.faults = opening.opened(self.store, self.clock, self.state.seed, config.faults)
        self._storage_ways = StorageWays(self.store, self.clock, self.faults, keep, self._settings.limits)
        self._examined = opened.is_as_left and not self.state.was_killed
        if opened.is_older:
            self.renewed.append(OLDER_STORE)
        self._begin_storage()
        fabric = StoreFabric(self.store, self.clock)
        self.ports = Ports(
            clock=self.clock,
            blobs=self.blobs,
            store=self.store,
            fabric=FaultyFabric(self._storage_ways.fabric(self._wrappers.fabric(fabric)), self.faults),
            chance=Random(f"{self.state.seed} start {opened.starts}"),
            settings=self._settings,
            vault_blobs=self._blobs_of(parties.VAULT),
            providers=FaultyProviders(self.faults),
        )
        self.pace = Pace(self.store, config.pace, self.state.seed)
        paced = self.pace.paced(
            known(plans(lambda: self._requests), self.faults, lambda: self._storage_ways.ask_for_jobs)
        )
        self.engine = InlineEngine(paced, lambda: self.ports, self.store.runs, workers=config.job_workers)
        keep.callback(self.engine.close)
        self.time.add(self.engine)
        self._begin_identity()
        behind = keep.enter_context(ExitStack())  # closed after the servers, whichever starts first
        early = self._may_answer_early()
        if early:
            self._serve()
        self._build_backend(behind)
        self._await_storage()
        if not early:
            self._serve()
        self._examine(opened)
        if config.boot:
            self.host.start()
            self.engine.recover()
            self._start_time()
        self._publish()

    def _start_time(self) -> None:
        calendar = None
        if self.config.scheduled:
            calendar = Timetable(self.ports, self.engine)
            self._stack.callback(calendar.close)
        self.time.start(calendar)
        self._stack.callback(self.time.close)

    def _examine(self, opened: OpenedStore) -> None:
        """Find what the storage has lost. One of our own that ended in order has lost nothing, however its world ended;
        one that was killed has lost what is of its last seconds, deletions too."""
        forgotten = () if self._is_foreign else forgotten_deletions.read(self.state.azurite)
        may_have_lost = "anything" if self._is_foreign or not opened.is_known else self.azurite.may_have_lost
        if forgotten or (may_have_lost and not self._examined):
            at_work = [str(run.state.get("vm", "")) for run in self.store.runs.unfinished()]
            bound = None if may_have_lost == "anything" else at_work
            progress = self.config.on_examined
            self.losses = name_losses(self.ports, at_work=bound, forgotten=forgotten, on_progress=progress)
            if forgotten:
                forgotten_deletions.forget(self.state.azurite)
        if not self._is_foreign:
            self.azurite.note_examined()
        opened.note_examined()
        self._examined = True

    @property
    def _is_foreign(self) -> bool:  # and not this world's alone
        return self.config.blob_endpoint is not None or self.config.azurite is not None

    def _is_orderly(self) -> bool:
        return self.failure is None and self._examined

    def _service_settings(self) -> ServiceSettings:
        """The service's own accounts bear a mark of the world, or are those that the list of a foreign endpoint has."""
        config = self.config
        settings = configured(config, self.state.seed)
        if config.blob_endpoint is not None:
            from simulator.storage import foreign_storage

            # Other worlds may use it too.
            settings = replace(settings, claim=self.state.secret("claim", lambda: secrets.token_hex(16)))
            return foreign_storage.accounts_of_service(settings, config.blob_accounts)
        mark = self.state.config.get(ACCOUNTS_MARK, "")
        return settings.with_accounts(lambda name: f"{name}{mark}")

    # Azurite takes as long to start as all the rest, so it starts in parallel; the libraries that only the storage
    # needs are loaded there.

    def _begin_storage(self) -> None:
        late = DeferredStorage()
        self._deferred = late
        self.blobs = self._blobs_of(parties.SERVICE)
        of_storage = ExitStack()
        self._stack.callback(of_storage.close)
        shared = self.config.azurite
        share = shared.share(self.state, self._azurite_ended) if shared is not None else None

        def start() -> None:
            try:
                blobs = self._storage(of_storage, share)
                self._storage_ways.ways.arrive(self._blob_url, blobs.at if blobs.is_by_path else None)
                for account in self._settings.own_accounts:
                    blobs.add_account(account)
                late.arrive(blobs)
            finally:
                late.give_up()

        starter = ThreadPoolExecutor(1, thread_name_prefix="storage")
        self._storage_started = starter.submit(copy_context().run, start)
        self._stack.callback(starter.shutdown)

    def _blobs_of(self, party: str) -> Blobs:
        usual = self._storage_ways.blobs(party, self._deferred.blobs())
        return FaultyBlobs(self._wrappers.blobs(party, usual), party, self.faults)

    def _storage(self, keep: ExitStack, share: StorageShare | None) -> AzuriteBlobs:
        from simulator.storage import azurite_folder
        from simulator.storage.azurite import Azurite, ManagedAccounts

        config = self.config
        if config.blob_endpoint is not None:
            from simulator.storage import foreign_storage

            foreign = foreign_storage.connect(config.blob_endpoint, config.blob_accounts, self._settings)
            keep.callback(foreign.blobs.close)
            self._blob_url, self.storage_answers = foreign.url, foreign.answers
            return foreign.blobs
        if share is not None:
            keep.callback(share.close)
            self._blob_url = share.url
            return share.blobs
        accounts = ManagedAccounts(self.state.path / "accounts.json")
        storage_address.check_keeper(self.store, foreign=False)
        settled = self.store.get("world", "storage")
        if settled is not None and not settled.json()["foreign"]:  # so there was an Azurite before
            azurite_folder.check(self.state.azurite)
            names = [*self._settings.own_accounts, *self._names_of_accounts()]
            if new := azurite_folder.give_missing_keys(accounts, names):
                self.renewed.append(f"these storage accounts have new keys, since theirs were gone: {', '.join(new)}")
        azurite = Azurite(config.cache, self.state.azurite, accounts, config.blob_port, on_exit=self._azurite_ended)
        keep.callback(azurite.close)
        self.azurite, self._blob_url = azurite, azurite.url
        from controlplane.adapters.azurite import AzuriteBlobs  # not before: ARM begins to answer while Azurite starts

        blobs = AzuriteBlobs(azurite.url, accounts, lifetime=azurite)
        keep.callback(blobs.close)
        return blobs

    def _may_answer_early(self) -> bool:
        """Whether nothing that ARM shows can still change when the storage is there."""
        expected = f"http://127.0.0.1:{self.config.blob_port}" if self.config.blob_port else None
        return self._examined and storage_address.is_settled(self.store, expected)

    def _await_storage(self) -> None:
        self._storage_started.result()
        storage_address.settle(self.store, self._blob_url, foreign=self._is_foreign)

    def _begin_identity(self) -> None:
        self._identity = Identity(
            client_secret=self.state.secret("client_secret", lambda: secrets.token_hex(32)),
            signing_key=self._signing_key(),
            hosts=server_hosts(self.config.host),
        )
        self._sim_token = self.state.secret("sim_token", lambda: secrets.token_urlsafe(32))
        if self.state.renewed_secrets:
            self.renewed.append("secrets.json was gone: the world has new secrets, and clients sign in again")

    def _signing_key(self) -> rsa.RSAPrivateKey:
        key = signing_keys.loaded(self.state.secret("signing_key", self.config.new_signing_key))
        if key is None:
            raise damaged(self.state.path / "secrets.json", NEW_SECRETS)
        return key

    def _serve(self) -> None:
        self.authority = Authority(self.state.ca)
        if self.authority.is_new and not self.state.is_new:
            self.renewed.append("the certificate authority was gone or expired: clients have to trust the new ca.pem")
        strict = self.config.strict_api_versions
        service = arm.build(self.ports, self.engine, self._identity, self._limits, strict, lambda: self.time.is_at_work)
        self._requests = arm.internal_client(self.ports, self.engine, self._identity)
        serve_text(service, "/ca.pem", lambda: self.authority.pem, "application/x-pem-file")
        held = holding(service, self._served, arm.ROOTS)
        faulty = FaultyArm(held, self.faults, arm.ROOTS, self.config.location.upper())
        controls = when_ready(self._controls)
        reach = side_by_side.Reach(self.config.host, self.config.page_password)
        page = side_by_side.page(faulty, controls, self._identity, self._published_endpoints, reach, self._stack)
        app = side_by_side.side_by_side(faulty, {CONTROL_PREFIX: controls, PAGE_PREFIX: page})
        certificate = self.authority.certificate_file("server", server_hosts(self.config.host))
        self._serving = self._listener(app, self.config.arm_port)
        self._stack.callback(self._serving.close)
        self._secure = self._listener(app, self.config.https_port, certificate)
        self._stack.callback(self._secure.close)

    def _listener(self, app: Application, port: int, certificate: Path | None = None) -> Serving:
        host = self.config.host
        return Serving(app, host, port, certificate, refuse=_as_the_service, on_dropped=self._note_dropped)

    def _note_dropped(self, path: str, waiting_bytes: int) -> None:
        with suppress(PortError):  # the log has it too
            self.store.record(events.ClientDropped(path, waiting_bytes).event())

    def _build_backend(self, keep: ExitStack) -> None:
        config = self.config
        from simulator import backend  # a third of all code: ARM answers while it is loaded

        context = backend.BackendContext(
            ports=self.ports,
            blobs_of=self._blobs_of,
            engine=self.engine,
            clock=self.clock,
            real_time=self.real_time,
            limits=self._limits,
            pace=self.pace,
            guests=self.state.guests,
            packages=self.config.packages,
            handlers=self.config.handlers,
            handlers_folder=self.state.handlers,
            own_storage=self.config.blob_endpoint is None,
            note=self.renewed.append,
            inert_extensions=self.config.inert_extensions,
            warm_start=self.config.warm_start,
            seed=self.state.seed,
            conditions=self.config.conditions,
            vss=self.config.vss,
            workload_rate=self.config.workload_rate,
            workload_per_day=self.config.workload_per_day,
            hold_lapse_seconds=self.config.hold_lapse_seconds,
            sim_token=self._sim_token,
            sim_networks=self.config.sim_networks,
            endpoints=self._published_endpoints,
            time=self.time,
            read=lambda path: self._requests.read(path),
            faults=self.faults,
            ways=self._storage_ways.ways,
            agents=config.agents,
            save=self.save,
            go_back=self._go_back if config.can_go_back else None,
        )
        self.published = backend.publications(context)
        self.host = backend.host(context, self.published, keep)
        self.time.add(self.host)
        self._controls.set_result(backend.controls(context, self.host, self.published, keep))

    # ----------------------------------------------------------------------------------------------------- what is told

    def _publish(self) -> None:
        copy = self.config.endpoints_copy
        files = (self.state.endpoints_file, *([copy] if copy is not None else []))
        self._stack.callback(Publication(self.real_time, files, lambda: self.endpoints).close)
        self._is_published = True

    def _published_endpoints(self) -> Json:
        if not self._is_published:
            raise StorageUnavailable("the world is still starting")
        return self.endpoints

    def _endpoints(self) -> Endpoints:
        url, secure = from_here(self._serving.url), from_here(self._secure.url)
        return Endpoints(
            pid=os.getpid(),
            state=str(self.state.path),
            arm=secure,
            arm_http=url,
            login=secure,
            sim=f"{url}{CONTROL_PREFIX}",
            sim_token=self._sim_token,
            dashboard=f"{url}{PAGE_PREFIX}/",
            blob=self._blob_url,
            storage_accounts=self._storage_accounts(),
            ca_file=str(self.authority.ca_file),
            tenant_id=self._identity.tenant_id,
            client_id=self._identity.client_id,
            client_secret=self._identity.client_secret,
            subscription_id=self._identity.subscription_id,
            location=self.config.location,
        )

    def _storage_accounts(self) -> dict[str, dict[str, str]]:
        return {
            name: {"blob_endpoint": self.blobs.account_url(name), "key": self.blobs.account_key(name)}
            for name in self._names_of_accounts()
        }

    def _names_of_accounts(self) -> list[str]:
        documents = self.store.find("microsoft.storage/storageaccounts")
        made = (each.json() for each in documents)  # One that is still being made has no key yet.
        return [each["name"] for each in made if each["properties"]["provisioningState"] == "Succeeded"]

    def _azurite_ended(self, code: int) -> None:
        self.failure = WorldEnded(
            f"Azurite ended unexpectedly (exit code {code}); writes of its last seconds may be lost. "
            "Start the world again: it then lists what is missing."
        )


def build(config: Config, wrappers: Wrappers = Wrappers()) -> World:  # noqa: B008 - it is frozen
    """A running world; raises simulator.failures.Failure where something needed is missing."""
    return World(config, wrappers)


def _action_failed(error: Exception) -> None:
    log = logger("clock")
    if isinstance(error, PortError) or is_of_full_disk(error):  # tried again with the next round
        log.error("action failed", reason=str(error))
    else:
        log.error("action failed", exc_info=error)


def _as_the_service(status: HTTPStatus, sentence: str) -> RefusalText:
    headers, body = arm.refused_unread(status, sentence)
    return RefusalText(b"application/json; charset=utf-8", body, tuple(headers))
