"""The Chinese of explanations: what happened in a story, why a point has its consistency, and what blocks a vault."""

from __future__ import annotations

LABELS_OF_EXPLANATIONS = {
    "explain_job": ("{operation} of {machine} in {vault}: {status}", "{vault} 中 {machine} 的 {operation}：{status}"),
    "explain_point": (
        "recovery point {name} of {machine}: {consistency}, in {tiers}",
        "{machine} 的恢复点 {name}：{consistency}，位于 {tiers}",
    ),
    "explain_vault": ("vault {name}", "保管库 {name}"),
    "explain_no_tier": ("no tier", "任何层之外"),
    "explain_why": ("because    {reason}", "原因       {reason}"),
    "explain_failed": ("failed     {error}", "失败       {error}"),
    "explain_where": ("where      {where}", "位置       {where}"),
    "explain_remedy": ("remedy     {remedy}", "补救       {remedy}"),
    "explain_rule": ("handler    broke the rule {rule}", "处理程序   违反规则 {rule}"),
    "explain_rules_kept": ("handler    did as it reported", "处理程序   所做与其报告一致"),
    "explain_untold": ("the journal tells nothing of it", "日志中没有关于它的记录"),
    "explain_blocker": ("blocked by {what}", "受阻于     {what}"),
    "explain_until": ("           it ends by itself at {time}", "           将于 {time} 自行结束"),
    "explain_deletable": ("nothing blocks its deletion", "没有任何内容阻止删除"),
    "explain_not_now": ("no command deletes it now", "目前没有命令可以将其删除"),
    "explain_commands": ("these commands delete it, in this order:", "按此顺序执行以下命令即可将其删除："),
    "explain_soft_deleted": (
        "{count} soft-deleted items go with it, and are purged at their time",
        "{count} 个软删除的项会随之删除，并按各自的时间清除",
    ),
}

_RULES = {
    "the service believes the report, so the recovery point promises more than it holds": (
        "服务相信该报告，因此恢复点的承诺超过其实际内容"
    ),
    "the service believes what is reported, and the guest wrote on while snapshots were taken": (
        "服务相信报告的内容，而创建快照期间来宾仍在写入"
    ),
    "the service believes what is reported, and the guest waited until it let go by itself": (
        "服务相信报告的内容，而来宾一直等到自行解冻"
    ),
    "the service believes the report, and the disk shows another instant than the others": (
        "服务相信该报告，而该磁盘呈现的时刻与其他磁盘不同"
    ),
    "the service fails the job, since a disk would be missing": "服务使作业失败，因为会缺少一个磁盘",
    "the service does not look; whoever reads that place can use the storage until the signature ends": (
        "服务不作检查；在签名到期之前，能读取该处的任何人都可使用存储"
    ),
    "the service believes the status file, which the agent reads": "服务相信由代理读取的状态文件",
    "the service believes the status blob, which it reads itself": "服务相信由其自行读取的状态 blob",
}

_STORY = {
    "the agent could not read a goal state or hand in its report: {reason}": "代理无法读取目标状态或提交报告：{reason}",
    "the agent fetched the goal state {incarnation}": "代理获取了目标状态 {incarnation}",
    "Azure Monitor fired the alert {rule}, severity {severity}": "Azure Monitor 触发了警报 {rule}，严重性 {severity}",
    "the caller {caller} asked Resource Manager for {operation} on {id}, correlation id {correlation_id}": (
        "调用者 {caller} 向 Resource Manager 请求对 {id} 执行 {operation}，相关 ID {correlation_id}"
    ),
    "the handler asked the guest for a freeze without writers, for {timeout_seconds} s at most": (
        "处理程序请求来宾在没有编写器参与的情况下冻结，最长 {timeout_seconds} 秒"
    ),
    "the handler asked VSS for a freeze with all writers, for {timeout_seconds} s at most": (
        "处理程序请求 VSS 与所有编写器一起冻结，最长 {timeout_seconds} 秒"
    ),
    "the handler was gone without asking for a thaw": "处理程序未请求解冻就已消失",
    "the handler opened its session with the guest for the task {task_id}": (
        "处理程序为任务 {task_id} 打开了与来宾的会话"
    ),
    "the handler asked for the thaw": "处理程序请求解冻",
    "the control API was asked for {operation}": "控制 API 收到请求 {operation}",
    "the deployment {deployment} is {to}": "部署 {deployment} 的状态为 {to}",
    "the ledger of the disk {disk} was lost: {problem}": "磁盘 {disk} 的记录已丢失：{problem}",
    "the storage lost writes to the disk {disk}, in {blocks} blocks": (
        "存储丢失了对磁盘 {disk} 的写入，共 {blocks} 个块"
    ),
    "the disk {disk} holds no volume that the guest can read: {problem}": "磁盘 {disk} 上没有来宾可读取的卷：{problem}",
    "the fault {fault} acted, which was set as number {number}": "编号为 {number} 的故障 {fault} 生效",
    "the guest could not freeze its file systems: {message}": "来宾无法冻结其文件系统：{message}",
    "the guest froze its file systems": "来宾冻结了其文件系统",
    "the file systems went on after {held_milliseconds} ms": "文件系统在 {held_milliseconds} 毫秒后恢复",
    "the file systems went on before the thaw was asked for, after {held_milliseconds} ms: {message}": (
        "文件系统在请求解冻之前、{held_milliseconds} 毫秒后就已恢复：{message}"
    ),
    "the wire server published the goal state {incarnation}": "线路服务器发布了目标状态 {incarnation}",
    "the wire server published the goal state {incarnation}, which has order {sequence_number} for {handler}": (
        "线路服务器发布了目标状态 {incarnation}，其中有给 {handler} 的第 {sequence_number} 号指令"
    ),
    "the resource group {group} is {to}": "资源组 {group} 的状态为 {to}",
    "the operating system of {computer_name} started": "{computer_name} 的操作系统已启动",
    "the operating system of {computer_name} ended": "{computer_name} 的操作系统已停止",
    "the command {verb} of {handler} ended well": "{handler} 的命令 {verb} 正常结束",
    "the command {verb} of {handler} ended with the exit code {exit_code}": (
        "{handler} 的命令 {verb} 以退出代码 {exit_code} 结束"
    ),
    "the command {verb} of {handler} was killed": "{handler} 的命令 {verb} 被终止",
    "the agent ran the command {verb} of {handler} {version}": "代理运行了 {handler} {version} 的命令 {verb}",
    "the agent could not carry out the order for {handler} {version}, code {code}": (
        "代理无法执行给 {handler} {version} 的指令，代码 {code}"
    ),
    "the handler {handler} was removed": "处理程序 {handler} 已移除",
    "the handler {handler} said {status} to the agent, code {code}": (
        "处理程序 {handler} 告知代理 {status}，代码 {code}"
    ),
    "the agent unpacked the package of {handler} {version}": "代理解压了 {handler} {version} 的包",
    "the host started": "主机已启动",
    "the host ended": "主机已停止",
    "the service asked the host for snapshots at one instant, since the policy wants no others": (
        "服务请求主机在同一时刻创建快照，因为策略只需要此类快照"
    ),
    "the service asked the host for snapshots at one instant, since those of the extension had failed": (
        "服务请求主机在同一时刻创建快照，因为扩展的快照已失败"
    ),
    "the host held all writes for {held_milliseconds} ms and took snapshots of {disks} disks": (
        "主机暂停所有写入 {held_milliseconds} 毫秒，并创建了 {disks} 块磁盘的快照"
    ),
    "the host took no snapshots that count: {problem}": "主机未能创建有效的快照：{problem}",
    "the host refused to take snapshots: {reason}": "主机拒绝创建快照：{reason}",
    "the host took snapshots of {taken} disks for the handler": "主机为处理程序创建了 {taken} 块磁盘的快照",
    "the host took snapshots of {taken} disks for the handler, and failed with {failed}": (
        "主机为处理程序创建了 {taken} 块磁盘的快照，另有 {failed} 块失败"
    ),
    "the protected item is {to}": "受保护项的状态为 {to}",
    "a session began in which the files of {point} can be read": "开始了一个可读取 {point} 中文件的会话",
    "the sessions in which the files of {point} could be read ended": "可读取 {point} 中文件的会话已结束",
    "the step {step} met an unexpected error, {error}": "步骤 {step} 遇到意外错误 {error}",
    "nothing was seen of the machine for seconds, which works on {works}": "数秒未见虚拟机动静，它在处理 {works}",
    "the handler broke the rule {rule}: {detail}": "扩展处理程序违反了规则 {rule}：{detail}",
    "the job ended: {to}": "作业结束：{to}",
    "the job was asked to stop": "作业被要求停止",
    "the service opened the job {operation}": "服务创建了作业 {operation}",
    "the job ended: {to}, with {errors}": "作业结束：{to}，错误 {errors}",
    "what the step {step} had done could not be undone, {error}": "步骤 {step} 所做的操作无法撤消，{error}",
    "the machine was deleted": "计算机已删除",
    "the host could not bring the machine into its desired state: {problem}": "主机无法使计算机达到所需状态：{problem}",
    "the host made the machine {power}": "主机使计算机变为 {power}",
    "the copy {copy} of the disk {disk} was found damaged: {problem}": (
        "发现磁盘 {disk} 的副本 {copy} 已损坏：{problem}"
    ),
    "the storage lost {tier} of the recovery point {point}": "存储丢失了恢复点 {point} 的 {tier}",
    "a changed policy soft-deleted the recovery point {point}, until {until}": (
        "策略更改软删除了恢复点 {point}，保留到 {until}"
    ),
    "the recovery point {point} is in {tiers}": "恢复点 {point} 位于 {tiers}",
    "the recovery point {point} is in no tier any more": "恢复点 {point} 已不在任何层中",
    "a changed policy keeps the recovery point {point} again, until {expires}": (
        "策略更改重新保留恢复点 {point}，直到 {expires}"
    ),
    "the work on a resource is {to}": "对资源的处理状态为 {to}",
    "the restore is at {percent} %": "还原已进行到 {percent}%",
    "the schedule of its policy was due at {due}, for attempt {attempt}": (
        "其策略的计划于 {due} 到期，第 {attempt} 次尝试"
    ),
    "retention was due": "保留期到期",
    "the service itself used {operation} on {id}": "服务自身对 {id} 执行了 {operation}",
    "the service gave the task {task} to the extension of the machine": "服务将任务 {task} 交给计算机的扩展",
    "the service gave the task {task} to the extension of the machine, which may now do without a freeze": (
        "服务将任务 {task} 交给计算机的扩展，此次允许不冻结"
    ),
    "the storage has the snapshots of {count} disks": "存储中有 {count} 块磁盘的快照",
    "the service judged the snapshots to be {consistency}": "服务判定快照为 {consistency}",
    "the service judged the attempt to have failed with {error}": "服务判定此次尝试失败，错误 {error}",
    "snapshots of the job could not be deleted: {reason}": "无法删除作业的快照：{reason}",
    "the storage lost snapshots of the recovery point {point}": "存储丢失了恢复点 {point} 的快照",
    "the handler reported snapshots that are {consistency}, code {code}": (
        "处理程序报告快照为 {consistency}，代码 {code}"
    ),
    "the handler reported {error_name}, code {code}: {message}": "处理程序报告 {error_name}，代码 {code}：{message}",
    "the service stopped waiting for the report of the task {task}": "服务不再等待任务 {task} 的报告",
    "the status of the machine could not be written: {reason}": "无法写入计算机的状态：{reason}",
    "the task {task} is {to}": "任务 {task} 的状态为 {to}",
    "digests of the snapshots could not be kept: {reason}": "无法保留快照的摘要：{reason}",
    "the vault has {transferred_bytes} bytes of {disk}": "保管库已收到 {disk} 的 {transferred_bytes} 字节",
    "what the job wrote into the vault could not be taken back: {reason}": "无法撤回作业写入保管库的内容：{reason}",
    "the vault is {to}": "保管库的状态为 {to}",
    "VSS held all writes, without the writers": "VSS 暂停了所有写入，编写器未参与",
    "VSS held all writes, with the writers frozen": "VSS 暂停了所有写入，编写器已冻结",
    "VSS made no snapshot set: {hresult} {hresult_name}": "VSS 未创建快照集：{hresult} {hresult_name}",
    "writes went on after {held_milliseconds} ms": "写入在 {held_milliseconds} 毫秒后恢复",
    "writes went on before the thaw was asked for, after {held_milliseconds} ms: {hresult} {hresult_name}": (
        "写入在请求解冻之前、{held_milliseconds} 毫秒后就已恢复：{hresult} {hresult_name}"
    ),
    "{count} writers carried out {step}": "{count} 个编写器完成了 {step}",
    "the writer {writer} failed at {step}: {state}, {hresult} {hresult_name}": (
        "编写器 {writer} 在 {step} 时失败：{state}，{hresult} {hresult_name}"
    ),
    "the program {workload} in the guest could not go on: {problem}": "来宾中的程序 {workload} 无法继续：{problem}",
    "a script brought the program {workload} to rest": "脚本使程序 {workload} 暂停",
    "the program {workload} went on": "程序 {workload} 恢复运行",
    "Transfer data to vault": "将数据传输到保管库",
    "Take Snapshot": "创建快照",
}

_WHY = {
    "the machine did not run, so the service took the snapshots, which hold what a power cut would leave": (
        "计算机未运行，因此由服务创建快照，其内容与断电后的状态相同"
    ),
    "the journal no longer tells what happened in the guest": "日志中已没有来宾中所发生情况的记录",
    "all writers were frozen, and VSS held all writes for {held} ms while the snapshots were taken": (
        "创建快照期间所有编写器均已冻结，VSS 暂停所有写入 {held} 毫秒"
    ),
    "the handler reported it, and the service believes reports": "处理程序如此报告，而服务相信报告",
    "the report claims {consistency}, and the guest was not frozen": "报告声称 {consistency}，但来宾未被冻结",
    "the report claims AppConsistent, and no VSS writer took part in the freeze": (
        "报告声称 AppConsistent，但没有 VSS 编写器参与冻结"
    ),
    "the scripts of {name} brought its programs to rest while the snapshots were taken": (
        "创建快照期间，{name} 的脚本使其程序暂停"
    ),
    "the file systems were frozen, and no scripts told the programs in the guest of it": (
        "文件系统已冻结，但没有脚本通知来宾中的程序"
    ),
    "VSS held all writes without the writers, so no program could bring its files in order": (
        "VSS 在编写器未参与的情况下暂停了所有写入，因此程序无法整理其文件"
    ),
    "the attempt {task} had failed with {error}": "尝试 {task} 已失败，错误 {error}",
    "the policy wants crash-consistent snapshots alone, which the host takes without agent, extension and guest": (
        "策略只需要崩溃一致的快照，由主机在没有代理、扩展和来宾参与的情况下创建"
    ),
    "the host held the writes to all disks while the snapshots were taken, so they show one instant": (
        "创建快照期间主机暂停了对所有磁盘的写入，因此它们显示同一时刻"
    ),
    "the guest ran on while the snapshots were taken": "创建快照期间来宾继续运行",
}

_BLOCKERS = {
    "the lock {name}, {level}, on {scope}": "{scope} 上的锁 {name}（{level}）",
    "the resource guard {guard}, whose owner has to allow that the vault is mapped to it no more": (
        "资源防护 {guard}，其所有者须允许解除保管库与它的映射"
    ),
    "immutability, which is unlocked": "不可变性（未锁定）",
    "immutability, which is locked: nothing deletes its recovery points before {until}": (
        "不可变性（已锁定）：{until} 之前无法删除其恢复点"
    ),
    "the job {operation} of {friendly_name}, which is {status}": "{friendly_name} 的作业 {operation}，状态为 {status}",
    "the protected item {friendlyName}, which is {state}": "受保护项 {friendlyName}，状态为 {state}",
}

_FAILURES = {
    "no job, recovery point or vault {name} exists in this world; az backup job list, az backup recoverypoint list and "
    "az backup vault list show them": (
        "此环境中没有名为 {name} 的作业、恢复点或保管库；"
        "可用 az backup job list、az backup recoverypoint list 和 az backup vault list 查看"
    ),
    "several things are named {name}; name one by its ARM id: {ids}": (
        "有多个名为 {name} 的对象；请用 ARM ID 指定其一：{ids}"
    ),
}

EXPLANATIONS = {**_STORY, **_RULES, **_WHY, **_BLOCKERS, **_FAILURES}
"""A sentence -> its Chinese. Blanks keep their values, unless a value is a text of the tables."""
