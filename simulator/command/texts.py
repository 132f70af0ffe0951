"""The demo's words in the languages it speaks; keys and placeholders are those of demo.py."""

from __future__ import annotations

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
    "next": ("Try next", "接下来可以尝试"),
    "hint_keep": ("keep the world in a folder", "之后可查看该文件夹"),
    "hint_up": ("run a world for your own client", "持续运行的环境,供您自己的客户端使用"),
    "hint_verify": ("verify this recovery point in each tier", "逐层验证此恢复点"),
    "hint_up_kept": ("run this world for your own client", "启动此环境,供您自己的客户端使用"),
    "hint_no_vss": ("see what a backup without VSS guarantees", "没有 VSS 的备份价值如何"),
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


def step(key: str, language: str, values: dict[str, object]) -> str:
    return STEPS[key][LANGUAGES.index(language)].format(**values)


def label(key: str, language: str, **values: object) -> str:
    return LABELS[key][LANGUAGES.index(language)].format(**values)


def check(name: str, language: str) -> str:
    if language == "en":
        return name
    return ":".join(CHECKS.get(part, part) for part in name.split(": "))
