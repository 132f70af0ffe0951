"""What the command says in English and Chinese: steps, labels, checks with their details, and failures.

Steps and labels stand here in both languages. Every other sentence is English where it arises, also in the world and
in the service, and is translated by the tables of the package chinese when it is printed. The bootstrap uses this too,
so that an old Python must be able to read it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Mapping  # noqa: UP035 - for Python 3.8

from simulator.command.chinese.checks import CHECKS, DETAILS, TASKS
from simulator.command.chinese.clock import CLOCK
from simulator.command.chinese.conformance import CONFORMANCE, LABELS_OF_CONFORMANCE
from simulator.command.chinese.explain import EXPLANATIONS, LABELS_OF_EXPLANATIONS
from simulator.command.chinese.failures import FAILURES
from simulator.command.chinese.faults import FAULTS, LABELS_OF_FAULTS
from simulator.command.chinese.handlers import HANDLERS, LABELS_OF_HANDLERS
from simulator.command.chinese.saved_worlds import LABELS_OF_SAVED_WORLDS, SAVED_WORLDS
from simulator.command.chinese.stories import STORIES
from simulator.command.program import as_called

LANGUAGES = ("en", "zh-cn")

STEPS: dict[str, tuple[str, str]] = {
    "start": (
        "Starting Azurite, the control plane and the host",
        "正在启动 Azurite、控制平面和主机",
    ),
    "install": (
        "Installing Azurite; this is done once and takes about a minute",
        "正在安装 Azurite；仅需一次，大约需要一分钟",
    ),
    "create": (
        "Creating resource group {group} with storage accounts {source} and {target}",
        "创建资源组 {group} 以及存储帐户 {source} 和 {target}",
    ),
    "boot": (
        "Booting {vm}: Windows Server with SQL Server, OS disk of {os_disk_gib} GiB, data disks: {data_disks}",
        "启动 {vm}：带 SQL Server 的 Windows Server，{os_disk_gib} GiB 操作系统磁盘，{data_disks} 块数据磁盘",
    ),
    "vault": ("Creating vault {vault} with its {policy}", "创建保管库 {vault} 及其 {policy}"),
    "fill": (
        "Writing {mebibytes} MiB of files that will not change",
        "写入 {mebibytes} MiB 此后不再更改的文件",
    ),
    "workload": (
        "The workload has committed {transactions} transactions and keeps writing",
        "工作负载已提交 {transactions} 个事务，并继续写入",
    ),
    "protect": (
        "Protecting {vm} with {policy}; nothing changes in the guest yet",
        "使用 {policy} 保护 {vm}；此时尚未触及来宾",
    ),
    "backup_first": (
        "First backup: installs the extension, freezes, snapshots, thaws, transfers",
        "首次备份：安装扩展、冻结、快照、解冻、传输",
    ),
    "backup_second": ("Second backup: transfers only changed blocks", "第二次备份：仅传输更改的数据"),
    "restore": (
        "Restoring the disks of recovery point {point} into {target}",
        "将恢复点 {point} 的磁盘还原到 {target}",
    ),
    "verify": (
        "Comparing every block with what the guest wrote, and opening the database",
        "将每个块与来宾写入的内容进行比较，并打开数据库",
    ),
    "vault_check": ("Checking what the recovery points name", "正在检查恢复点所引用的内容"),
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
    "share": ("of allocated", "占已分配"),
    "transferred": ("transferred", "已传输"),
    "checks": ("Verification", "验证"),
    "disks": (
        "Disks (counted in blocks of 64 KiB; a block that was freed has changed too)",
        "磁盘（以 64 KiB 块计；被释放的块也计为已更改）",
    ),
    "database_clean": (
        "The restored database opens cleanly: no journal to replay, and all balances add up.",
        "还原的数据库可正常打开：无需重放日志，所有余额均正确。",
    ),
    "database_recovered": (
        "The restored database needed recovery: a transaction was in progress at the snapshot and was rolled back.",
        "还原的数据库需要恢复：快照时有事务正在进行，该事务已回滚。",
    ),
    "database_torn": ("The restored database is damaged: {problem}.", "还原的数据库已损坏：{problem}。"),
    "verified": ("Verified: every check passed.", "已验证：所有检查均通过。"),
    "failed": ("Not verified: {count} of {total} checks failed.", "未通过验证：{total} 项检查中有 {count} 项失败。"),
    "ok": ("ok", "正常"),
    "warn": ("warn", "警告"),
    "missing": ("missing", "缺少"),
    "with_remedy": ("{detail}; {remedy}", "{detail}；{remedy}"),
    "verdict_verified": ("verified", "已验证"),
    "verdict_failed": ("not verified", "未通过验证"),
    "verdict_unknown": ("not known any more", "已无法得知"),
    "not_known": ("unknown", "未知"),
    "check_problem": (
        "damaged    recovery point {point}, disk {disk}, {copy}: {problem}",
        "已损坏     恢复点 {point}，磁盘 {disk}，{copy}：{problem}",
    ),
    "check_more": ("           and {count} more", "           以及另外 {count} 个"),
    "check_unnamed": ("unnamed    no recovery point names the {kind} {name}", "无引用     没有恢复点引用{kind} {name}"),
    "check_manifest": ("manifest", "清单"),
    "check_pack": ("pack", "包"),
    "check_snapshot": ("snapshot", "快照"),
    "check_no_digests": (
        "unchecked  nothing is known yet to compare the snapshot {name} with",
        "未检查     尚无可与快照 {name} 比较的内容",
    ),
    "check_counts": (
        "checked    {points} recovery points, {manifests} manifests, {packs} packs, {snapshots} snapshots",
        "已检查     {points} 个恢复点、{manifests} 个清单、{packs} 个包、{snapshots} 个快照",
    ),
    "check_read": (
        "read       {mebibytes} MiB; what was read longest ago: {oldest}",
        "已读取     {mebibytes} MiB；最早一次读取：{oldest}",
    ),
    "check_never": ("never", "从未"),
    "check_good": ("no damage in {vaults}", "{vaults} 中没有损坏"),
    "check_bad": (
        "{count} copies are damaged in {vaults}; other copies and disks of their recovery points can be restored",
        "{vaults} 中有 {count} 个副本已损坏；其恢复点的其他副本和磁盘仍可还原",
    ),
    "up_examined": (
        "checking   {done} of {total} recovery points that the storage may have lost",
        "正在检查   存储可能丢失的 {total} 个恢复点中的 {done} 个",
    ),
    "up_renewed": ("note       {sentence}", "注意       {sentence}"),
    "up_lost": ("lost       {loss}", "已丢失     {loss}"),
    "up_arm": ("ARM        {https}  (without TLS: {http})", "ARM        {https}  (不使用 TLS：{http})"),
    "up_blobs": ("blobs      {url}", "Blob       {url}"),
    "up_able": ("           yes  {detail}", "           是   {detail}"),
    "up_unable": ("           no   {detail}", "           否   {detail}"),
    "up_state": ("state      {folder}", "状态       {folder}"),
    "up_clock": ("time       {line}", "时间       {line}"),
    "clock_real": ("{now}, passes with real time", "{now}，与实际时间同步流逝"),
    "clock_scaled": (
        "{now}, passes {rate} times as fast as real time while nobody works",
        "{now}，无任务运行时以实际时间的 {rate} 倍流逝",
    ),
    "clock_virtual": ("{now}, stands until it is advanced", "{now}，静止，直到被推进"),
    "clock_advancing": ("advancing  {progress}; asked for by {who}", "正在推进   {progress}；由 {who} 请求"),
    "clock_interrupted": (
        "cut off    an advance to {end}, asked for by {who}; backupsim clock resume goes on with it",
        "已中断     由 {who} 请求的、到 {end} 的推进；使用 backupsim clock resume 可继续",
    ),
    "clock_no_end": ("the end of all work", "所有任务结束"),
    "clock_next": ("next due   {time}", "下一到期   {time}"),
    "clock_no_next": ("next due   nothing", "下一到期   无"),
    "clock_holder": ("works      {who}", "正在运行   {who}"),
    "clock_begins": ("Advancing world time", "正在推进环境时间"),
    "clock_progress": ("{now}, {target}, jobs ended: {jobs}", "{now}，{target}，已结束的作业：{jobs}"),
    "clock_progress_to": (
        "{now} of {end}, {percent} %, jobs ended: {jobs}",
        "{now}（目标 {end}），{percent}%，已结束的作业：{jobs}",
    ),
    "clock_nothing_due": ("nothing is due until then", "在此之前没有到期的内容"),
    "clock_more_due": ("and more", "以及更多"),
    "clock_job": ("{time}  {operation}: {status}  {id}", "{time}  {operation}：{status}  {id}"),
    "clock_outcome": ("{count} jobs {status}", "{count} 个作业 {status}"),
    "clock_recovery_points_expired": ("{count} recovery points expired", "{count} 个恢复点已过期"),
    "clock_alerts_fired": ("{count} alerts fired", "触发了 {count} 个警报"),
    "clock_items_purged": ("{count} items purged", "{count} 个受保护项已清除"),
    "clock_vaults_purged": ("{count} vaults purged", "{count} 个保管库已清除"),
    "clock_reached": ("it is {now}", "现在是 {now}"),
    "clock_nothing_ahead": (
        "it is {now}: nothing lies ahead any more, so {target} cannot come",
        "现在是 {now}：之后不再有任何内容到期，因此{target}不会发生",
    ),
    "clock_limit": (
        "it is {now}: given up after ten years, {target}",
        "现在是 {now}：十年之后放弃，{target}",
    ),
    "clock_stopped": (
        "it is {now}: stopped; what was due until here is done, and jobs that were begun go on",
        "现在是 {now}：已停止；在此之前到期的内容均已完成，已开始的作业继续运行",
    ),
    "clock_closed": ("it is {now}: the world has ended", "现在是 {now}：环境已结束"),
    "clock_failed": ("it is {now}: {problem}", "现在是 {now}：{problem}"),
    "lectern_run": ("jobs run as fast as they can", "作业全速运行"),
    "lectern_slow": ("jobs rest for {seconds} s at each border", "作业在每个边界停留 {seconds} 秒"),
    "lectern_step": (
        "jobs wait at each border; backupsim scenario lectern --go lets them on",
        "作业在每个边界等待；使用 backupsim scenario lectern --go 放行",
    ),
    "lectern_held": ("{kind} {job} waits before {border}", "{kind} {job} 在 {border} 之前等待"),
    "story_row": ("{title} (about {minutes} min to tell)", "{title}（讲述约 {minutes} 分钟）"),
    "files_of": ("{count} files, read from: {place}", "{count} 个文件，读取自：{place}"),
    "file_written": ("written    {file} ({size} bytes)", "已写入     {file} ({size} 字节)"),
    "map_disk": (
        "{disk} (LUN {lun}): {used} MiB used, {changed} MiB changed; from, used and changed of each part in MiB:",
        "{disk}（LUN {lun}）：已用 {used} MiB，已更改 {changed} MiB；各部分的起始、已用与已更改（MiB）：",
    ),
    "map_first": (
        "{disk} (LUN {lun}): {used} MiB used; there is no recovery point to compare it with",
        "{disk}（LUN {lun}）：已用 {used} MiB；没有可供比较的恢复点",
    ),
    "map_problem": ("{disk}: {problem}", "{disk}：{problem}"),
    "map_more": ("and {count} more parts; --json has all", "另有 {count} 个部分；--json 可列出全部"),
    "guest_put": ("written    {path}", "已写入     {path}"),
    "guest_rm": ("deleted    {path}", "已删除     {path}"),
    "guest_encrypt": ("encrypted  {path}", "已加密     {path}"),
    "guest_netns": (
        "{vm}: its wire server is at 168.63.129.16 in here, and our agent is off until this ends",
        "{vm}：此处其线路服务器位于 168.63.129.16，在此结束之前我们的代理处于关闭状态",
    ),
    "guest_left": ("in use     {path}", "正在使用   {path}"),
    "up_pace": ("pace       {line}", "节奏       {line}"),
    "pace_off": ("off", "关闭"),
    "pace_plausible": (
        "each step takes a plausible time, drawn from the seed",
        "每个步骤的持续时间合乎常理，由种子决定",
    ),
    "pace_of_all": ("each step takes at least {seconds} s", "每个步骤至少持续 {seconds} 秒"),
    "pace_of_kind": ("each step of {kind} takes at least {seconds} s", "{kind} 的每个步骤至少持续 {seconds} 秒"),
    "pace_held": (
        "{step} is held; backupsim pace --release {quoted} lets it go on",
        "{step} 已被暂停；使用 backupsim pace --release {quoted} 可让其继续",
    ),
    "pace_waits_until": (
        "{kind} {job} waits before {step} until {time}",
        "{kind} {job} 在 {step} 之前等待，直到 {time}",
    ),
    "pace_waits": (
        "{kind} {job} waits before {step} until it is released",
        "{kind} {job} 在 {step} 之前等待，直到被放行",
    ),
    "up_page": (
        "page       {url}  (backupsim dashboard --open signs you in)",
        "页面       {url}  (使用 backupsim dashboard --open 登录)",
    ),
    "page_no_browser": ("no browser was found; open {url}", "未找到浏览器；请打开 {url}"),
    "recorded": ("{file}: {size} bytes", "{file}：{size} 字节"),
    "up_credentials": (
        "Credentials are in endpoints.json in that folder.",
        "凭据位于该文件夹的 endpoints.json 中。",
    ),
    "up_stop_it": ("Press Ctrl-C to stop the world.", "按 Ctrl-C 可停止此环境。"),
    "up_detached": (
        "stop it with backupsim stop --state {folder}",
        "使用 backupsim stop --state {folder} 停止它",
    ),
    "none_runs": ("no world is running in {folder}", "{folder} 中没有正在运行的环境"),
    "up_stopped": ("stopped; the world is kept in its state folder", "已停止；环境保留在其状态文件夹中"),
    "prefetched": (
        "Azurite is installed in {folder}; demo and up now work without a network.",
        "Azurite 已安装在 {folder} 中；demo 和 up 现在无需网络即可运行。",
    ),
    "packed": ("{file}: {size} bytes", "{file}：{size} 字节"),
    "shell_started": (
        "az, SDKs and Terraform in this shell use {arm}; type exit to leave it",
        "此 shell 中的 az、SDK 和 Terraform 使用 {arm}；输入 exit 退出",
    ),
    "refused": ("refused: {target}", "已拒绝：{target}"),
    "passed": ("ok", "通过"),
    "not_passed": ("FAILED", "未通过"),
    "error_codes": ("Error code {codes}.", "错误代码 {codes}；服务的英文说明见 --json 的输出"),
    "foreign": ("See the output of --json.", "英文原文见 --json 的输出"),
    "foreign_failure": ("{sentence}", "发生错误（英文原文）：{sentence}"),
    "interrupted": ("interrupted", "已中断"),
    "next": ("Try next:", "接下来可以尝试："),
    "hint_keep": ("keep the world in a folder", "将环境保留在文件夹中"),
    "hint_up": ("run a world for your own client", "持续运行的环境，供您自己的客户端使用"),
    "hint_verify": ("verify this recovery point in each tier", "在每一层验证此恢复点"),
    "hint_up_kept": ("run this world for your own client", "启动此环境，供您自己的客户端使用"),
    "hint_vss": ("see what a backup with VSS guarantees", "查看使用 VSS 的备份能保证什么"),
    "hint_no_vss": ("see what a backup without VSS guarantees", "查看没有 VSS 的备份能保证什么"),
    **LABELS_OF_FAULTS,
    **LABELS_OF_EXPLANATIONS,
    **LABELS_OF_HANDLERS,
    **LABELS_OF_CONFORMANCE,
    **LABELS_OF_SAVED_WORLDS,
}


def step(key: str, language: str, values: dict[str, object]) -> str:
    return STEPS[key][LANGUAGES.index(language)].format(**values)


def label(key: str, language: str, **values: object) -> str:
    return as_called(LABELS[key][LANGUAGES.index(language)].format(**values))


def check(name: str, language: str) -> str:
    if language == "en":
        return name
    return "：".join(CHECKS.get(part, part) for part in name.split(": "))


def task(name: str, language: str) -> str:
    return name if language == "en" else TASKS.get(name, name)


def detail(text: str, language: str) -> str:
    """What a check found, or what is to be done. Names, numbers and ARM's own values stay as they are.

    ARM's errors and the storage's are English sentences. Of an ARM error the code is shown; what has none is only in
    the result that `--json` prints.
    """
    if language == "en":
        return as_called(text)
    translated = _translated(text, label("foreign", language))
    if translated is not None or not SENTENCE.search(text):
        return as_called(translated or text)
    errors = [ARM_ERROR.match(part) for part in text.split("; ")]
    codes = [error["code"] for error in errors if error]
    return label("error_codes", language, codes=", ".join(codes)) if codes else label("foreign", language)


def failure(sentence: str, language: str) -> str:
    """A failure's sentence; one of somebody else's stays English behind a remark that it is."""
    if language == "en":
        return as_called(sentence)
    translated = _translated(sentence)
    if translated is None and (error := ARM_ERROR.match(sentence)):
        translated = _translated(sentence[error.end() :]) or label("error_codes", language, codes=error["code"])
    return as_called(translated) if translated else label("foreign_failure", language, sentence=sentence)


_TABLES = {**DETAILS, **CLOCK, **FAILURES, **FAULTS, **EXPLANATIONS, **HANDLERS, **STORIES, **CONFORMANCE}
_TABLES |= SAVED_WORLDS
SENTENCES: Mapping[str, str] = dict(sorted(_TABLES.items(), key=lambda item: -len(re.sub(r"{\w+}", "", item[0]))))
"""The templates with the most words come first: another that fits as well says less of the text."""
SENTENCE = re.compile(r"[A-Za-z]+[,;:]? [a-z]{2}")
"""A text of English words: names and ARM's values have no lower-case word behind a space."""
ARM_ERROR = re.compile(r"(?P<code>[A-Z]\w+): ")


def _translated(text: str, foreign: str | None = None) -> str | None:
    """The text by its template in the tables, or its parts by theirs; None when there is none.

    A value in it that is an English sentence without a template becomes `foreign`, if that is given.
    """
    parts = text.split("; ")
    if len(parts) > 1:
        translated = [_translated(part, foreign) for part in parts]
        if all(translated):
            return "；".join(part for part in translated if part)
    for english, chinese in SENTENCES.items():
        if match := _pattern(english).fullmatch(text):
            return chinese.format(**{name: _value(value, foreign) for name, value in match.groupdict().items()})
    return None


def _value(value: str, foreign: str | None) -> str:
    other = foreign if foreign and SENTENCE.search(value) else value
    return _translated(value, foreign) or other


@lru_cache(maxsize=None)  # noqa: UP033 - for Python 3.8
def _pattern(template: str) -> re.Pattern[str]:
    """What matches the template with its blanks filled in."""
    literal = re.split(r"{(\w+)}", template)
    return re.compile("".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(literal)))
