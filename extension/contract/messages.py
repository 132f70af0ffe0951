"""The messages that a handler shows to people, in each supported language."""

from __future__ import annotations

from enum import StrEnum


class Sentence(StrEnum):
    """Name of a message. The caller of `say` gives the values of its placeholders."""

    IN_PROGRESS = "in_progress"
    INSTALLED = "installed"
    APPLICATION_CONSISTENT = "application_consistent"
    FILE_SYSTEM_CONSISTENT = "file_system_consistent"
    WRITERS_LEFT_OUT = "writers_left_out"
    CRASH_CONSISTENT = "crash_consistent"
    SAME_TASK = "same_task"
    TOO_LATE = "too_late"
    UNKNOWN_COMMAND = "unknown_command"
    MISSING_SETTING = "missing_setting"
    MALFORMED_SETTING = "malformed_setting"
    NO_LUNS = "no_luns"
    NO_CERTIFICATE = "no_certificate"
    NOT_UNSEALED = "not_unsealed"
    NO_DECRYPTION = "no_decryption"
    NO_DISKS = "no_disks"
    HOST_NOT_USABLE = "host_not_usable"
    NO_VSS = "no_vss"
    RUNTIME_MISSING = "runtime_missing"
    FREEZE_FAILED = "freeze_failed"
    FILE_SYSTEM_FREEZE_FAILED = "file_system_freeze_failed"
    FREEZE_TIMEOUT = "freeze_timeout"
    WRITERS_FAILED = "writers_failed"
    THAW_FAILED = "thaw_failed"
    FREEZE_EXPIRED = "freeze_expired"
    FILE_SYSTEM_FREEZE_EXPIRED = "file_system_freeze_expired"
    ALL_SNAPSHOTS_FAILED = "all_snapshots_failed"
    SOME_SNAPSHOTS_FAILED = "some_snapshots_failed"
    SNAPSHOT_LIMIT_REACHED = "snapshot_limit_reached"
    SNAPSHOT_RATE_EXCEEDED = "snapshot_rate_exceeded"
    UNKNOWN_WORKLOAD = "unknown_workload"
    SCRIPTS_LEFT_OUT = "scripts_left_out"
    SCRIPTS_FAILED = "scripts_failed"
    FAILED = "failed"


ENGLISH = "en-us"
CHINESE = "zh-cn"

TEXTS: dict[str, dict[Sentence, str]] = {
    ENGLISH: {
        Sentence.IN_PROGRESS: "The snapshot task has been accepted and is in progress.",
        Sentence.INSTALLED: "The extension is installed.",
        Sentence.APPLICATION_CONSISTENT: "An application-consistent snapshot was taken of {disks} disks.",
        Sentence.FILE_SYSTEM_CONSISTENT: "A file-system-consistent snapshot was taken of {disks} disks.",
        Sentence.WRITERS_LEFT_OUT: (
            "A file-system-consistent snapshot was taken of {disks} disks, because these VSS writers failed: {writers}."
        ),
        Sentence.CRASH_CONSISTENT: "A crash-consistent snapshot was taken of {disks} disks, without a freeze.",
        Sentence.SAME_TASK: "This task was carried out before; nothing was done.",
        Sentence.TOO_LATE: "The task is older than {minutes} minutes; no snapshot was taken.",
        Sentence.UNKNOWN_COMMAND: "The setting commandToExecute is not a command of this extension.",
        Sentence.MISSING_SETTING: "The setting {key} is missing or empty.",
        Sentence.MALFORMED_SETTING: "The setting {key} cannot be read.",
        Sentence.NO_LUNS: "Disks are excluded and the host must take the snapshot, but the list of disks is empty.",
        Sentence.NO_CERTIFICATE: "This machine has no certificate {thumbprint} to decrypt the protected settings with.",
        Sentence.NOT_UNSEALED: "The protected settings could not be decrypted with the certificate {thumbprint}.",
        Sentence.NO_DECRYPTION: "This machine has no program that could decrypt the protected settings.",
        Sentence.NO_DISKS: "The task names no disk.",
        Sentence.HOST_NOT_USABLE: "The settings require a snapshot by the host, which does not support it.",
        Sentence.NO_VSS: "The Volume Shadow Copy service (VSS) of this machine is not available.",
        Sentence.RUNTIME_MISSING: "This machine lacks what the extension needs: {what}.",
        Sentence.FREEZE_FAILED: "VSS could not freeze the volumes ({hresult}): {reason}",
        Sentence.FILE_SYSTEM_FREEZE_FAILED: "The file systems could not be frozen: {reason}",
        Sentence.FREEZE_TIMEOUT: "Freezing the volumes took longer than {seconds} seconds.",
        Sentence.WRITERS_FAILED: "These VSS writers failed: {writers}.",
        Sentence.THAW_FAILED: "The volumes could not be thawed correctly: {reason}",
        Sentence.FREEZE_EXPIRED: "VSS released the volumes before all snapshots were taken; they are not consistent.",
        Sentence.FILE_SYSTEM_FREEZE_EXPIRED: (
            "The file systems were thawed before all snapshots were taken; the snapshots are not consistent."
        ),
        Sentence.ALL_SNAPSHOTS_FAILED: "None of the {disks} disks could be snapshotted. {reason}",
        Sentence.SOME_SNAPSHOTS_FAILED: "{failed} of {disks} disks could not be snapshotted. {reason}",
        Sentence.SNAPSHOT_LIMIT_REACHED: "A disk has reached the number of snapshots that the storage allows.",
        Sentence.SNAPSHOT_RATE_EXCEEDED: "The storage refused a snapshot because too many were taken in a short time.",
        Sentence.UNKNOWN_WORKLOAD: (
            "workload.conf names the workload {workload}; this extension has no framework for workloads, only scripts."
        ),
        Sentence.SCRIPTS_LEFT_OUT: (
            "A file-system-consistent snapshot was taken of {disks} disks, because of the scripts: {reason}."
        ),
        Sentence.SCRIPTS_FAILED: "The backup failed because of the scripts: {reason}.",
        Sentence.FAILED: "The task failed: {reason}",
    },
    CHINESE: {
        Sentence.IN_PROGRESS: "快照任务已接受，正在进行。",
        Sentence.INSTALLED: "扩展已安装。",
        Sentence.APPLICATION_CONSISTENT: "已为 {disks} 个磁盘创建应用程序一致的快照。",
        Sentence.FILE_SYSTEM_CONSISTENT: "已为 {disks} 个磁盘创建文件系统一致的快照。",
        Sentence.WRITERS_LEFT_OUT: "由于下列 VSS 编写器失败，已为 {disks} 个磁盘创建文件系统一致的快照：{writers}。",
        Sentence.CRASH_CONSISTENT: "未执行冻结，已为 {disks} 个磁盘创建崩溃一致的快照。",
        Sentence.SAME_TASK: "此任务先前已执行，本次未做任何操作。",
        Sentence.TOO_LATE: "任务已超过 {minutes} 分钟，未创建快照。",
        Sentence.UNKNOWN_COMMAND: "设置 commandToExecute 不是此扩展的命令。",
        Sentence.MISSING_SETTING: "缺少设置 {key}，或其值为空。",
        Sentence.MALFORMED_SETTING: "无法读取设置 {key}。",
        Sentence.NO_LUNS: "有磁盘被排除且必须由主机创建快照，但磁盘列表为空。",
        Sentence.NO_CERTIFICATE: "本机没有解密受保护的设置所需的证书 {thumbprint}。",
        Sentence.NOT_UNSEALED: "无法使用证书 {thumbprint} 解密受保护的设置。",
        Sentence.NO_DECRYPTION: "本机没有可以解密受保护的设置的程序。",
        Sentence.NO_DISKS: "任务未指定任何磁盘。",
        Sentence.HOST_NOT_USABLE: "快照必须由主机创建，但主机不提供此功能。",
        Sentence.NO_VSS: "本机的卷影复制服务 (VSS) 不可用。",
        Sentence.RUNTIME_MISSING: "本机缺少扩展所需的组件：{what}。",
        Sentence.FREEZE_FAILED: "VSS 无法冻结卷 ({hresult})：{reason}",
        Sentence.FILE_SYSTEM_FREEZE_FAILED: "无法冻结文件系统：{reason}",
        Sentence.FREEZE_TIMEOUT: "冻结卷的时间超过了 {seconds} 秒。",
        Sentence.WRITERS_FAILED: "下列 VSS 编写器失败：{writers}。",
        Sentence.THAW_FAILED: "卷未能正常解冻：{reason}",
        Sentence.FILE_SYSTEM_FREEZE_EXPIRED: "在所有快照完成之前文件系统已解冻，这些快照不一致。",
        Sentence.FREEZE_EXPIRED: "在所有快照完成之前 VSS 已放开卷，这些快照不一致。",
        Sentence.ALL_SNAPSHOTS_FAILED: "{disks} 个磁盘均无法创建快照。{reason}",
        Sentence.SOME_SNAPSHOTS_FAILED: "{disks} 个磁盘中有 {failed} 个无法创建快照。{reason}",
        Sentence.SNAPSHOT_LIMIT_REACHED: "某个磁盘的快照数已达到存储允许的上限。",
        Sentence.SNAPSHOT_RATE_EXCEEDED: "快照过于频繁，存储拒绝了请求。",
        Sentence.UNKNOWN_WORKLOAD: "workload.conf 指定了工作负载 {workload}；此扩展不提供工作负载框架，只支持脚本。",
        Sentence.SCRIPTS_LEFT_OUT: "由于脚本问题，已为 {disks} 个磁盘创建文件系统一致的快照：{reason}。",
        Sentence.SCRIPTS_FAILED: "备份因脚本而失败：{reason}。",
        Sentence.FAILED: "任务失败：{reason}",
    },
}

LANGUAGES = {ENGLISH: "en-US", CHINESE: "zh-CN"}
"""Locale -> the `lang` of a formatted message."""


def known_locale(locale: str) -> str:
    """The locale whose texts are used for this one; English for locales without texts."""
    language = locale.strip().lower().replace("_", "-")
    return CHINESE if language == "zh" or language.startswith((CHINESE, "zh-hans")) else ENGLISH


def say(sentence: Sentence, locale: str = ENGLISH, **values: object) -> str:
    """The message in this locale with its placeholders filled in."""
    return TEXTS[known_locale(locale)][sentence].format(**values)
