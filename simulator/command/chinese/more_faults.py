"""The Chinese of what faults of Azure's other providers, of archive and erasure, and of agents do."""

from __future__ import annotations

MORE_FAULTS = {
    "The agent of the machine is an old one.": "计算机的代理是旧版本。",
    "The machine is so slow that the commands of a handler begin late.": "计算机过慢，处理程序的命令很晚才开始。",
    "A handler does not reach the host of its machine.": "处理程序无法联系其计算机的主机。",
    "The desktop heap of services has no room left when a handler is installed.": (
        "安装处理程序时，服务的桌面堆没有剩余空间。"
    ),
    "COM+ starts no application when the provider of a handler is registered.": (
        "注册处理程序的提供程序时，COM+ 无法启动应用程序。"
    ),
    "COM+ does not reach the transaction coordinator when the provider of a handler is registered.": (
        "注册处理程序的提供程序时，COM+ 无法联系事务协调器。"
    ),
    "The system disk of the guest has no room left.": "来宾的系统磁盘没有剩余空间。",
    "The clock of the guest is ahead, so that a task looks older than it is.": (
        "来宾的时钟超前，使任务看起来比实际更旧。"
    ),
    "The clock of the guest is behind, so that a task seems to begin in the future.": (
        "来宾的时钟落后，使任务看起来在未来才开始。"
    ),
    "The host's clock is behind, so that a task seems to begin in the future.": (
        "主机的时钟落后，使任务看起来在未来才开始。"
    ),
    "The settings of an extension are delivered once more at once, so that two goal states follow each other.": (
        "扩展的设置随即再次送达，使两个目标状态接连到来。"
    ),
    "The machine shuts down as soon as the settings of an extension are delivered to it.": (
        "扩展的设置一送达，计算机就关机。"
    ),
    "The machine is deleted while its protection begins.": "开始保护时，计算机被删除。",
    "The service may not read the machine that is to be protected.": "服务无权读取要保护的计算机。",
    "The machine was made without an agent, so that it takes no extension.": "创建计算机时未带代理，因此它不接受扩展。",
    "The vault protects as many machines as it may, of which this world knows none.": (
        "保管库保护的计算机已达上限，而本环境不知道其中任何一台。"
    ),
    "The vault has as many backup policies as it may have, of which this world knows none.": (
        "保管库的备份策略已达上限，而本环境不知道其中任何一个。"
    ),
    "The policy protects as many machines as it may, of which this world knows none.": (
        "策略保护的计算机已达上限，而本环境不知道其中任何一台。"
    ),
    "The machine is registered in a vault that this world does not know.": "计算机已在本环境不知道的保管库中注册。",
    "Others have begun as many backups on demand as a day may have.": "其他人已开始的按需备份达到一天的上限。",
    "Others have made as many restore points of the machine as there may be.": "其他人为该计算机创建的还原点已达上限。",
    "Something that this world does not know reads the recovery point that is to be archived.": (
        "本环境不知道的某个对象正在读取要归档的恢复点。"
    ),
    "The disks of the machine are encrypted, and the key vault gives the service no right to their keys.": (
        "计算机的磁盘已加密，而密钥保管库未授予服务使用其密钥的权限。"
    ),
    "The disks of the machine are encrypted, and the secret with their key was deleted.": (
        "计算机的磁盘已加密，而含有其密钥的机密已被删除。"
    ),
    "Somebody changes the machine while its restore point is made.": "创建还原点时，有人更改了计算机。",
    "A disk of the machine is not allocated.": "计算机的一个磁盘尚未分配。",
    "A managed disk has as many snapshots as it may have.": "托管磁盘的快照已达上限。",
    "The key vault of the disk encryption set of a disk was deleted.": "磁盘的磁盘加密集所用的密钥保管库已被删除。",
    "Compute cannot carry out what a restore point needs.": "计算服务无法完成还原点所需的操作。",
    "Compute is unavailable when a restore point is to be made.": "要创建还原点时，计算服务不可用。",
    "The restore point collection of the machine is being deleted.": "计算机的还原点集合正在删除中。",
    "Somebody deletes the restore point collection of the machine.": "有人删除了计算机的还原点集合。",
    "Somebody reads a restore point by a shared access signature when it is to be deleted.": (
        "要删除还原点时，有人正通过共享访问签名读取它。"
    ),
    "The subscription has no cores left for the machine that a restore makes.": "订阅没有可用于还原所建计算机的核心。",
    "The size of the machine that a restore makes is not available in the region.": (
        "还原所建计算机的大小在该区域中不可用。"
    ),
    "The image of the machine that a restore makes can be purchased no more.": "还原所建计算机的映像已无法购买。",
    "The region has no capacity for the machine that a restore makes.": "该区域没有可用于还原所建计算机的容量。",
    "The subnet of the machine that a restore makes has no address left.": "还原所建计算机的子网没有剩余地址。",
    "An Azure Policy denies the disks that a restore makes.": "某个 Azure Policy 拒绝还原所建的磁盘。",
    "The resource group that a restore writes to is locked.": "还原所写入的资源组已锁定。",
    "The subscription may have no more disks.": "订阅的磁盘已达上限。",
    "The service may not write to the resource group that a restore names.": "服务无权写入还原所指定的资源组。",
    "The subscription was moved to another tenant.": "订阅已移至另一个租户。",
    "The resource group that a restore writes to has as many disks as it may have.": (
        "还原所写入的资源组的磁盘已达上限。"
    ),
    "The storage account that a restore names was deleted.": "还原所指定的存储帐户已被删除。",
    "A read-only lock lies on the storage account that a restore names.": "还原所指定的存储帐户带有只读锁。",
    "The storage account that a restore names is being moved.": "还原所指定的存储帐户正在迁移。",
    "The storage account that a restore names has a kind that holds no disks.": (
        "还原所指定的存储帐户的类型不能存放磁盘。"
    ),
    "A disk of the machine that a restore replaces is being detached.": "还原要替换的计算机正在分离一个磁盘。",
    "A backup server is registered in the vault that is to be deleted.": "要删除的保管库中注册有备份服务器。",
    "The service has not found out yet whether it can archive the recovery point.": "服务尚未确定能否归档该恢复点。",
    "An immutability policy keeps what a vault wants to erase.": "不可变策略保留了保管库要擦除的内容。",
    "The storage of the vaults is too busy to erase anything.": "保管库的存储过忙，无法擦除任何内容。",
    "The storage of the archive is too busy to take a recovery point.": "存档的存储过忙，无法接收恢复点。",
    "The storage of the archive has no room left.": "存档的存储没有剩余空间。",
    "The storage of the archive refuses what a vault writes.": "存档的存储拒绝保管库写入的内容。",
    "What the archive has of a disk is not back from it yet.": "存档中的磁盘内容尚未取回。",
    "What the archive has of a disk went back to it.": "从存档取回的磁盘内容已退回存档。",
}
"""What each does."""
