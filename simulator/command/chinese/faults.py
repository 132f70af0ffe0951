"""The Chinese of faults: what each does, what is said of those that are set, and what cannot be set."""

from __future__ import annotations

from simulator.command.chinese.more_faults import MORE_FAULTS
from simulator.command.chinese.vss import VSS

LABELS_OF_FAULTS = {
    "fault_none_set": ("no fault is set", "未设置任何故障"),
    "fault_no_requests": ("no request came through the storage gateway", "没有请求经过存储网关"),
    "fault_no_hits": ("no fault has acted", "没有故障生效过"),
    "fault_seam": ("seam: {seam}", "位置：{seam}"),
    "fault_places": ("can be told by {places}", "可用 {places} 限定"),
    "fault_where": ("where: {where}", "范围：{where}"),
    "fault_when": ("when: {when}", "时机：{when}"),
    "fault_set": ("{number}  {fault}: set, {hits} hits", "{number}  {fault}：已设置，生效 {hits} 次"),
    "fault_ended": ("{number}  {fault}: ended, {hits} hits", "{number}  {fault}：已到期，生效 {hits} 次"),
    "fault_would_be": ("{fault} would be set", "{fault} 可以设置"),
    "fault_cleared": ("{number}  {fault}: cleared after {hits} hits", "{number}  {fault}：已清除，曾生效 {hits} 次"),
    "fault_untold": ("no event tells of what comes there", "没有事件记录到达该位置的请求"),
    "fault_would_hit": ("{count} events of the last hour would have been hit", "最近一小时内有 {count} 个事件会受影响"),
    "up_fault": ("fault:  {fault} is set ({number})", "故障：已设置 {fault}（{number}）"),
}

_WHAT = {
    "The System Writer rejects the event Freeze.": "System Writer 拒绝 Freeze 事件。",
    "The writer of SQL Server does not freeze in time.": "SQL Server 的编写器未能及时冻结。",
    "The writer of WMI rejects the event PrepareSnapshot.": "WMI 的编写器拒绝 PrepareSnapshot 事件。",
    "The Registry Writer has no memory to prepare a backup with.": "Registry Writer 没有内存来准备备份。",
    "The Task Scheduler Writer does not answer when writers are gathered.": (
        "收集编写器时，Task Scheduler Writer 没有响应。"
    ),
    "The writer of SQL Server fails once the snapshots are taken.": "创建快照之后，SQL Server 的编写器失败。",
    "The writer of SQL Server finds a volume missing in the snapshot set.": (
        "SQL Server 的编写器发现快照集缺少一个卷。"
    ),
    "The snapshot provider vetoes every snapshot set.": "快照提供程序否决每个快照集。",
    "The snapshot provider of the extension is not registered.": "扩展的快照提供程序未注册。",
    "The event system by which VSS reaches its writers does not work.": "VSS 用来联系编写器的事件系统不工作。",
    "The volumes cannot be flushed within the time that VSS has for it.": "无法在 VSS 规定的时间内刷新卷。",
    "Writes cannot be held for as long as VSS needs.": "写入无法暂停到 VSS 所需的时长。",
    "The shadow storage of a volume is full.": "卷的影子存储已满。",
    "A volume has as many shadow copies as it may have.": "卷的影子副本已达上限。",
    "The COM+ application of the snapshot provider does not start.": "快照提供程序的 COM+ 应用程序无法启动。",
    "COM+ does not reach the transaction coordinator.": "COM+ 无法联系事务协调器。",
    "The guest has no memory left for a snapshot set.": "来宾没有内存可用于快照集。",
    "A volume of the guest is locked by BitLocker.": "来宾的一个卷被 BitLocker 锁定。",
    "The Volume Shadow Copy service is disabled.": "卷影复制服务已禁用。",
    "COM+ System Application is disabled.": "COM+ System Application 已禁用。",
    "The Distributed Transaction Coordinator is disabled.": "分布式事务协调器已禁用。",
    "A service of the guest has another state.": "来宾的某个服务处于另一种状态。",
    "The registry of the guest allows snapshots by its host alone.": "来宾的注册表只允许由主机创建快照。",
    "The .NET Framework of the guest is older than 4.5.1.": "来宾的 .NET Framework 低于 4.5.1。",
    ".NET in the guest does not negotiate strong TLS.": "来宾中的 .NET 不协商强 TLS。",
    "The Visual C++ runtime that the provider needs is missing.": "缺少提供程序所需的 Visual C++ 运行时。",
    "A value of the guest's registry is another one.": "来宾注册表中的某个值不同。",
    "The certificate that a handler's settings are sealed for is gone from the guest.": (
        "用于加密处理程序设置的证书已不在来宾中。"
    ),
    "The service of the guest agent is stopped.": "来宾代理的服务已停止。",
    "The agent reports that it is not ready.": "代理报告自己未就绪。",
    "The reports of the agent do not reach the host.": "代理的报告无法到达主机。",
    "The agent does not reach the wire server, and so gets no goal state.": (
        "代理无法联系 wire server，因此得不到目标状态。"
    ),
    "The package of a handler cannot be downloaded.": "无法下载处理程序的包。",
    "Half of a handler's package arrives.": "处理程序的包只到达一半。",
    "The install command of a handler ends with an error.": "处理程序的 install 命令以错误结束。",
    "The enable command of a handler ends with an error.": "处理程序的 enable 命令以错误结束。",
    "The uninstall command of a handler ends with an error.": "处理程序的 uninstall 命令以错误结束。",
    "The snapshot service of the host is not there.": "主机的快照服务不存在。",
    "The host's clock is ahead, so that a task looks older than it is.": "主机的时钟超前，使任务看起来比实际更旧。",
    "The virtual machine is in a failed provisioning state.": "虚拟机处于失败的预配状态。",
    "The settings of an extension do not reach the machine.": "扩展的设置无法到达计算机。",
    "Resource Manager has no more requests left for the subscription.": "订阅在 Resource Manager 的请求配额已用完。",
    "Resource Manager is unavailable.": "Resource Manager 不可用。",
    "Resource Manager ends a request with an internal error.": "Resource Manager 以内部错误结束请求。",
    "A gateway before Resource Manager gets no answer of it.": "Resource Manager 之前的网关得不到应答。",
    "Resource Manager does not answer its gateway in time.": "Resource Manager 未及时应答其网关。",
    "The caller may not do what it asks for.": "调用者无权执行所请求的操作。",
    "An Azure Policy denies what is asked for.": "某个 Azure Policy 拒绝所请求的操作。",
    "Another operation on the resource is in progress.": "该资源上正在进行另一个操作。",
    "The subscription has no cores left for another virtual machine.": "订阅没有可用于另一台虚拟机的核心。",
    "The size of a virtual machine is not available in its region.": "虚拟机的大小在其区域中不可用。",
    "The region has no capacity for another virtual machine.": "该区域没有可用于另一台虚拟机的容量。",
    "An Azure Policy denies the resource group of the restore points.": "某个 Azure Policy 拒绝还原点的资源组。",
    "The connection ends in the midst of an answer.": "连接在应答中途断开。",
    "A resource that was just created is not found yet.": "刚创建的资源暂时找不到。",
    "A list stays as it was when it was first asked for.": "列表停留在首次请求时的内容。",
    "A long-running operation is in progress for ever.": "长时间运行的操作永远处于进行中。",
    "A long-running operation that succeeded is told as failed.": "已成功的长时间运行的操作被报告为失败。",
    "The storage of the vaults is too busy to take what a backup writes.": (
        "保管库的存储过忙，无法接收备份写入的内容。"
    ),
    "The storage of the vaults refuses what a backup writes.": "保管库的存储拒绝备份写入的内容。",
    "The storage of the vaults has no room left.": "保管库的存储没有剩余空间。",
    "The storage of the vaults does not answer reads in time.": "保管库的存储未及时应答读取。",
    "What a vault kept of a disk is not found.": "找不到保管库保存的磁盘内容。",
    "The storage of the disks refuses the service to read their snapshots.": "磁盘的存储拒绝服务读取其快照。",
    "The storage of the disks is too busy for the service to read their snapshots.": (
        "磁盘的存储过忙，服务无法读取其快照。"
    ),
    "A lease keeps snapshots of the disks from being deleted.": "租约使磁盘的快照无法删除。",
    "A disk of a machine that is off has as many snapshots as it may have.": "已关闭的计算机的磁盘快照已达上限。",
    "A disk of a machine that is off was snapshotted a moment ago.": "已关闭的计算机的磁盘刚刚创建过快照。",
    "The account of the service's task blobs is disabled.": "存放服务任务 blob 的帐户已禁用。",
    "The account that a restore writes to refuses the service.": "还原所写入的帐户拒绝服务。",
    "The account that a restore writes to is too busy.": "还原所写入的帐户过忙。",
    "The container that a restore writes to was deleted.": "还原所写入的容器已被删除。",
    "The account that a restore writes to has no room left.": "还原所写入的帐户没有剩余空间。",
    "The blob to which an agent reports refuses the wire server.": "代理报告所写入的 blob 拒绝 wire server。",
    "A machine with unmanaged disks has no route to the storage.": "使用非托管磁盘的计算机没有到存储的路由。",
    "A machine with unmanaged disks cannot resolve the name of the storage.": (
        "使用非托管磁盘的计算机无法解析存储的名称。"
    ),
    "A proxy stands before a machine with unmanaged disks, and lets no request to the storage pass.": (
        "使用非托管磁盘的计算机前有一个代理，它不放行任何到存储的请求。"
    ),
    "An agent does not reach the wire server for anything.": "代理的任何请求都无法到达 wire server。",
    "The storage is too busy for the snapshots that a handler asks for.": "存储过忙，无法创建处理程序请求的快照。",
    "The storage does not carry out in time the snapshots that a handler asks for.": (
        "存储未能及时创建处理程序请求的快照。"
    ),
    "The storage does not accept the signatures by which a handler asks for snapshots.": (
        "存储不接受处理程序请求快照所用的签名。"
    ),
    "A disk of a running machine was snapshotted a moment ago.": "正在运行的计算机的磁盘刚刚创建过快照。",
    "A disk of a running machine has as many snapshots as it may have.": "正在运行的计算机的磁盘快照已达上限。",
    "The storage of the data disks is too busy for their snapshots, and that of the OS disk is not.": (
        "数据磁盘的存储过忙，无法创建其快照；OS 磁盘的存储则不然。"
    ),
    "The storage does not accept the signatures by which a handler reports.": "存储不接受处理程序报告所用的签名。",
    "The requests of a handler for snapshots take a second to reach the storage.": (
        "处理程序的快照请求要一秒钟才能到达存储。"
    ),
    "The requests of a handler for snapshots take longer than VSS holds its volumes.": (
        "处理程序的快照请求所需时间超过 VSS 保持卷的时间。"
    ),
    "The connections of a handler to the storage are slow.": "处理程序到存储的连接很慢。",
    "The connections by which a handler asks for snapshots end without an answer.": (
        "处理程序请求快照的连接在得到应答之前断开。"
    ),
    "The storage takes the snapshots that a handler asks for, and its answers are cut off.": (
        "存储创建了处理程序请求的快照，但其应答被截断。"
    ),
    "The requests of the service take their time to reach the storage.": "服务的请求需要一段时间才能到达存储。",
    "The connections of the vaults to their storage are slow.": "保管库到其存储的连接很慢。",
    "The connections by which the vaults write end without an answer.": "保管库写入的连接在得到应答之前断开。",
    "What the vaults read from their storage is cut off.": "保管库从其存储读取的内容被截断。",
    "Every write of the vaults is answered that their storage is busy.": "保管库的每次写入都得到存储过忙的应答。",
    "The storage answers no read of the service in time.": "存储未能及时应答服务的任何读取。",
    "The connections by which the wire server writes the reports of agents end without an answer.": (
        "wire server 写入代理报告的连接在得到应答之前断开。"
    ),
    "A machine cannot read its disk.": "计算机无法读取其磁盘。",
}
"""What each fault of the catalogue does."""

_SENTENCES = {
    "a fault": "故障",
    "the time of a fault": "故障的时机",
    "a fault that is to be set": "要设置的故障",
    "the catalogue": "目录",
    "what is set": "已设置的内容",
    "VSS writers": "VSS 编写器",
    "kind of job": "作业类型",
    "the service": "该服务",
    "service {service}": "服务 {service}",
    "registry": "注册表",
    "{of} takes no {thing}, so not {name}": "{of} 不接受 {thing}，因此也不接受 {name}",
    "{of} has no {thing} {name}; did you mean {near}?": "{of} 没有 {thing} {name}；您是否想用 {near}？",
    "{of} has no {thing} {name}; it has {known}": "{of} 没有 {thing} {name}；它有 {known}",
    "{sentence}; backupsim fault list shows them all": "{sentence}；backupsim fault list 列出全部",
    "{key} of {name} is true or false, not {value}": "{name} 的 {key} 应为 true 或 false，而不是 {value}",
    "{key} of {name} is a number, not {value}": "{name} 的 {key} 应为数字，而不是 {value}",
    "{key} of {name} is from {least} to {most}, and not {value}": (
        "{name} 的 {key} 应在 {least} 到 {most} 之间，而不是 {value}"
    ),
    "{key} of {name} has at most {most} characters": "{name} 的 {key} 最多 {most} 个字符",
    "the seam {seam} does not know {key}; it can be told by {places}": "位置 {seam} 不识别 {key}；可用 {places} 限定",
    "the seam {seam} does not know {key}; it is one for the whole world": (
        "位置 {seam} 不识别 {key}；它对整个环境只有一个"
    ),
    "{key} names a place, and {name} is no name": "{key} 用来指定范围，而 {name} 不是名称",
    "nth names one attempt; first and last name several, and do not go with it": (
        "nth 指定一次尝试；first 和 last 指定多次，不能与其同时使用"
    ),
    "the last attempt, {last}, is before the first, {first}": "最后一次尝试 {last} 早于第一次 {first}",
    "the fault would end at {time}, before it begins": "该故障会在 {time} 结束，早于其开始",
    "a probability is above 0 and at most 1, and not {probability}": "概率应大于 0 且不超过 1，而不是 {probability}",
    "{key} counts attempts from 1 on, and {value} is no such number": (
        "{key} 从 1 开始计数尝试，而 {value} 不是这样的数字"
    ),
    "{key} is a number above 0, and not {value}": "{key} 应为大于 0 的数字，而不是 {value}",
    "{key} is an instant like 2027-01-01T09:00:00Z, and not {value}": (
        "{key} 应为 2027-01-01T09:00:00Z 这样的时间，而不是 {value}"
    ),
    "the seam {seam} is a state and has no attempts; say from when to when it is so, in world time": (
        "位置 {seam} 是一种状态，没有尝试次数；请用环境时间指定起止"
    ),
    "no fault is set": "未设置任何故障",
    "there is no virtual machine {name} yet": "尚无虚拟机 {name}",
    "there is no vault {home} yet": "尚无保管库 {home}",
    "the disks of {name} are managed: their snapshots do not pass its network": (
        "{name} 的磁盘是托管磁盘：其快照不经过它的网络"
    ),
    "403 AuthorizationFailure: This request is not authorized to perform this operation.": (
        "403 AuthorizationFailure：该请求无权执行此操作。"
    ),
    "the storage gateway stands before service, vault and wireserver alone": (
        "存储网关只能置于 service、vault 和 wireserver 之前"
    ),
    "the storage gateway ended: {reason}": "存储网关已结束：{reason}",
    "the storage gateway cannot be started: {problem}": "无法启动存储网关：{problem}",
    "the storage has a host for each account, and the gateway cannot stand before it": (
        "存储的每个帐户各有一个主机名，网关无法置于其前"
    ),
    "{name} runs Linux, which has no {lacks}": "{name} 运行 Linux，没有 {lacks}",
    "{most} faults are set, and no more can be; clear some": "已设置 {most} 个故障，不能再多；请清除一些",
    "{key} of a fault is a JSON object": "故障的 {key} 应为 JSON 对象",
    "{path} cannot be read: {reason}; name a file with a list of faults": (
        "无法读取 {path}：{reason}；请指定含故障列表的文件"
    ),
    "{path} holds no list of faults; write a JSON list of objects that have the key fault": (
        "{path} 不含故障列表；请写成 JSON 列表，其中每个对象都有 fault 键"
    ),
    "name the faults that are to be cleared, or say that all are": "请指定要清除的故障，或说明清除全部",
    "name the faults that are to be cleared, or say --all": "请指定要清除的故障，或使用 --all",
    "{key} is no parameter; write KEY=VALUE, as in exit_code=5": "{key} 不是参数；请写成 KEY=VALUE，例如 exit_code=5",
}

FAULTS = {**_WHAT, **MORE_FAULTS, **_SENTENCES, **VSS}
