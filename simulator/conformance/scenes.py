"""The scenes: what is done with a handler. One scene serves many requirements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulator.conformance import plays, plays_of_others
from simulator.conformance.requirement import LINUX, PROFILES, WINDOWS
from simulator.conformance.stage.stage import Stage
from simulator.conformance.stage.storage import Refusal

DOT_NET = r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full\Release"


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    done: str
    """What is done, for people."""
    play: Callable[[Stage], None]
    profiles: Sequence[str] = PROFILES
    folder: str = "machine"
    """Name of the folder in which the system disk lies."""


SCENES: Mapping[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("package", "the package is opened, and nothing is started", plays.package),
        Scene("install", "install runs twice, before there are settings", plays.install),
        Scene("backup", "a task with two disks, in which nothing goes wrong", plays.watched_backup),
        Scene("same-number", "the agent runs enable again with the number of a task that has ended", plays.same_number),
        Scene("same-task", "another number comes with the taskId of the last task", plays.same_task),
        Scene("lower-number", "a task comes with number 5, and the next one with number 3", plays.lower_number),
        Scene("late", "the task began 141 minutes ago", plays.late),
        Scene(
            "in-time", "a task began 138 minutes ago, and one begins in 5 minutes by the guest's clock", plays.in_time
        ),
        Scene("exponent", f"commandStartTimeUTCTicks is {plays.EXPONENT}", plays.exponent),
        Scene(
            "one-refused",
            "the storage refuses the second of three disks",
            plays.refused({1: Refusal(403, "AuthorizationFailure", "This request is not authorized.")}, 3),
        ),
        Scene(
            "all-refused",
            "the storage refuses both disks",
            plays.refused(
                {place: Refusal(403, "AuthorizationFailure", "This request is not authorized.") for place in (0, 1)}, 2
            ),
        ),
        Scene("expired", "the signature of the disk has expired", plays.expired),
        Scene("read-only", "the signature of the disk allows to read only", plays.read_only),
        Scene("missing-disk", "the disk of the task does not exist", plays.missing_disk),
        Scene(
            "rate",
            "the storage says that snapshots come too quickly",
            plays.refused({0: Refusal(409, "SnapshotOperationRateExceeded", plays.RATE)}),
        ),
        Scene(
            "count",
            "the storage says that the disk has too many snapshots",
            plays.refused({0: Refusal(409, "SnapshotCountExceeded", plays.COUNT)}),
        ),
        Scene(
            "server-error",
            "the storage answers 500",
            plays.refused({0: Refusal(500, "InternalError", "Server error.")}),
        ),
        Scene("hang-up", "the storage closes each connection instead of an answer", plays.refused({0: Refusal(0, "")})),
        Scene("many-disks", "a task with eight disks", plays.many_disks),
        Scene(
            "slow-disk", "the storage does not answer for the second disk while the guest is frozen", plays.slow_disk
        ),
        Scene("freeze-refused", "no freeze succeeds", plays.freeze_refused),
        Scene("let-go", "the guest lets go by itself before the thaw", plays.let_go),
        Scene(
            "crash-allowed",
            "no freeze succeeds, and the service allows a crash-consistent snapshot",
            plays.crash_allowed,
        ),
        Scene("no-vss", "the service VSS is disabled", plays.no_vss, profiles=(WINDOWS,)),
        Scene("killed-before-freeze", "the handler is killed as it asks for a freeze", plays.killed("freeze", "guest")),
        Scene(
            "killed-in-freeze",
            "the handler is killed as it asks for the second snapshot",
            plays.killed("snapshot disk1", "storage"),
        ),
        Scene("killed-at-thaw", "the handler is killed as it asks for the thaw", plays.killed("thaw", "guest")),
        Scene(
            "no-status-blob",
            "the status blob does not exist",
            lambda stage: plays.blobs(stage, "status1", exists=False),
        ),
        Scene(
            "full-status-blob",
            "the status blob is not empty",
            lambda stage: plays.blobs(stage, "status1", content=b"old"),
        ),
        Scene("no-log-blob", "the log blob does not exist", lambda stage: plays.blobs(stage, "log1", exists=False)),
        Scene(
            "status-blob-fails",
            "the storage answers 500 to each write of the status blob",
            lambda stage: plays.blobs(stage, "status1", status=500),
        ),
        Scene("page-blobs", "status and log blob are page blobs of 512 bytes", plays.page_blobs),
        Scene(
            "ciphers",
            "a task sealed with AES-256, and one sealed for a second certificate of the machine",
            plays.ciphers,
        ),
        Scene(
            "foreign-certificate",
            "the settings are sealed for a certificate that the machine does not have",
            plays.foreign_certificate,
        ),
        Scene("damaged-settings", "a settings file ends in the middle, and one is missing", plays.damaged_settings),
        Scene("unknown-command", "commandToExecute is fly", plays.wrong_settings(public={"commandToExecute": "fly"})),
        Scene(
            "install-command",
            "commandToExecute is install",
            plays.wrong_settings(public={"commandToExecute": "install"}),
        ),
        Scene("no-disks", "blobSASUri is empty", plays.wrong_settings(disks=0)),
        Scene(
            "split-settings",
            "settings are divided between both parts, with quotes around objectStr and unknown keys",
            plays.split_settings,
        ),
        Scene(
            "empty-addresses", "the public settings have empty addresses and an empty objectStr", plays.empty_addresses
        ),
        Scene("locale", "a task has the locale zh-cn, and one a locale that nobody knows", plays.locale),
        Scene(
            "environment",
            "HandlerEnvironment.json is an object instead of a list, with the version as a text",
            plays.environment,
        ),
        Scene(
            "odd-folder",
            "the system disk lies below a folder with a space and an umlaut",
            plays.backup,
            folder="machine für eins",
        ),
        Scene("no-number", "enable is started without ConfigSequenceNumber", plays.no_number),
        Scene("leave", "disable, another task, disable and uninstall", plays.leave),
        Scene(
            "update",
            "the package is updated to a newer version, and the agent runs the last number again",
            plays.update,
        ),
        Scene("host", "the host alone may take the snapshots of two disks", plays_of_others.by_host("onlyHost")),
        Scene(
            "no-host",
            "the host alone may take the snapshots, and has no service for it",
            plays_of_others.by_host("onlyHost", serves=False),
        ),
        Scene(
            "host-fails",
            "the host alone may take the snapshots, and fails with one disk",
            plays_of_others.by_host("onlyHost", fails=0),
        ),
        Scene(
            "host-gone",
            "the host answers before the freeze, and not when it is to take the snapshots",
            plays_of_others.by_host("onlyHost", gone=True),
        ),
        Scene(
            "host-second",
            "the storage answers for no disk, and the host may take the snapshots then",
            plays_of_others.by_host("firstGuestThenHost", storage_silent=True),
        ),
        Scene("scripts", "scripts of the owner run well", plays_of_others.scripts(), profiles=(LINUX,)),
        Scene(
            "script-forbids",
            "the pre-script fails, and the owner wants no backup then",
            plays_of_others.scripts(pre="exit 1", continues=False),
            profiles=(LINUX,),
        ),
        Scene(
            "pre-script-fails",
            "the pre-script fails, and the owner wants a backup all the same",
            plays_of_others.scripts(pre="exit 1"),
            profiles=(LINUX,),
        ),
        Scene(
            "post-script-fails",
            "the post-script fails, and the owner wants a backup all the same",
            plays_of_others.scripts(post="exit 1"),
            profiles=(LINUX,),
        ),
        Scene(
            "script-hangs",
            "the pre-script does not end, and has a second for it",
            plays_of_others.scripts(pre="exec sleep 20", seconds=1),
            profiles=(LINUX,),
        ),
        Scene(
            "open-scripts",
            "everybody may change the owner's scripts",
            plays_of_others.scripts(script_mode=0o777),
            profiles=(LINUX,),
        ),
        Scene(
            "writers-fail",
            "a writer fails each freeze in which writers take part",
            plays_of_others.writers_fail,
            profiles=(WINDOWS,),
        ),
        Scene(
            "no-com",
            "the service COMSysApp is disabled",
            plays_of_others.without_service("COMSysApp"),
            profiles=(WINDOWS,),
        ),
        Scene(
            "no-msdtc", "the service MSDTC is disabled", plays_of_others.without_service("MSDTC"), profiles=(WINDOWS,)
        ),
        Scene(
            "old-dot-net",
            "the .NET Framework is that of Windows Server 2012",
            plays_of_others.with_registry(DOT_NET, "378389"),
            profiles=(WINDOWS,),
        ),
        Scene("no-session", "the guest answers 500 to a session", plays_of_others.guest_refuses("session")),
        Scene("thaw-fails", "the guest answers 500 to the thaw", plays_of_others.guest_refuses("thaw")),
        Scene("host-ahead", "the clock of the host is two and a half hours ahead", plays_of_others.host_ahead),
        Scene(
            "busy",
            "the storage says that it is busy",
            plays.refused({0: Refusal(503, "ServerBusy", "The server is busy.")}),
        ),
        Scene(
            "log-blob-fails",
            "the storage answers 500 to each write of the log blob",
            lambda stage: plays.blobs(stage, "log1", status=500),
        ),
        Scene("log-folder-full", "nothing can be written to the log folder", plays_of_others.log_folder_full),
        Scene(
            "delivered-twice",
            "the agent runs enable again with the same number as the handler asks for a freeze",
            plays_of_others.delivered_twice,
        ),
    )
}
