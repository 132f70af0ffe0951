"""The Chinese of handlers: what is published, and why something is not."""

from __future__ import annotations

LABELS_OF_HANDLERS = {
    "handler_published": ("{name} {version} is published", "已发布 {name} {version}"),
    "handler_own": ("{name} {version}", "{name}，版本 {version}"),
    "handler_given": ("{name} {version}, published by you", "{name} {version}，由您发布"),
    "handler_blocked": ("{name} {version}, blocked", "{name} {version}，已阻止"),
    "handler_is_blocked": (
        "{name} {version} is blocked: no order chooses it any more",
        "{name} {version} 已阻止：不再有订单选用它",
    ),
    "handler_unblocked": ("{name} {version} is published again", "{name} {version} 已重新发布"),
    "handler_withdrawn": ("{name} {version} is withdrawn", "{name} {version} 已撤回"),
    "handler_ordered": (
        "the service orders {name} {version} for {system}",
        "服务为 {system} 订购 {name} {version}",
    ),
    "handler_of_machine": ("{vm} has {name} {version}", "{vm} 上有 {name} {version}"),
    "handler_command": (
        "{time}  {verb} of {handler} {version}: exit code {exit_code} after {seconds} s",
        "{time}  {handler} {version} 的 {verb}：{seconds} 秒后退出，代码 {exit_code}",
    ),
    "handler_command_killed": (
        "{time}  {verb} of {handler} {version}: killed after {seconds} s",
        "{time}  {handler} {version} 的 {verb}：{seconds} 秒后被终止",
    ),
    "handler_logs": (
        "{name} {version}: {status}; its logs are in {folder}",
        "{name} {version}：{status}；其日志位于 {folder}",
    ),
    "handler_file": ("{name}, {size} bytes", "{name}，{size} 字节"),
    "handler_no_logs": ("no handler has run on this machine", "此计算机上没有运行过处理程序"),
    "handler_silent": (
        "{vm} has given no sign of life for {seconds} s: {works}; backupsim handler logs {vm} shows what was said",
        "{vm} 已有 {seconds} 秒没有动静：{works}；backupsim handler logs {vm} 可显示其输出",
    ),
    "up_handler": ("handler    {name} {version}", "处理程序   {name} {version}"),
    "up_ordered": (
        "           the service orders {name} {version} for {system}",
        "           服务为 {system} 订购 {name} {version}",
    ),
    "up_handler_unused": (
        "           the service orders {ordered}; --windows-extension or --linux-extension names another",
        "           服务订购的是 {ordered}；可用 --windows-extension 或 --linux-extension 指定其他",
    ),
}

HANDLERS = {
    "{word} names no agent; write none or simulated, or VM=none as in web01=none": (
        "{word} 没有指明代理；请写 none 或 simulated，或用 VM=none 的形式，例如 web01=none"
    ),
    "a network namespace needs Linux; run the world and this command there": (
        "网络命名空间需要 Linux；请在那里运行环境和此命令"
    ),
    "a network namespace needs root; run this command with sudo, and with the same --state": (
        "网络命名空间需要 root；请用 sudo 运行此命令，并使用相同的 --state"
    ),
    "{program} is missing; install util-linux and iproute2": "缺少 {program}；请安装 util-linux 和 iproute2",
    "the namespace could not be made; what was printed before says why": "无法建立命名空间；原因见之前的输出",
    "{path} cannot be published as a handler: {reason}": "{path} 无法作为处理程序发布：{reason}",
    "what was sent cannot be published as a handler: {problem}": "发送的内容无法作为处理程序发布：{problem}",
    "content is not base64; give a zip in base64": "content 不是 base64；请以 base64 提供 zip",
    "name a folder or a zip of this machine as path, or give a zip in base64 as content": (
        "请用 path 指定本机的文件夹或 zip，或用 content 提供 base64 形式的 zip"
    ),
    "the package is larger than {most} MiB; leave out what the handler does not need": (
        "包大于 {most} MiB；请去掉处理程序不需要的内容"
    ),
    "it is no zip file; name a folder, a zip, or a command that makes one": (
        "它不是 zip 文件；请指定文件夹、zip，或生成它的命令"
    ),
    "the zip is encrypted or packed in a rare way; make it with zip as usual": (
        "该 zip 已加密或使用了少见的压缩方式；请用普通的 zip 制作"
    ),
    "unpacked, the package has more than {most_files} files or {most} MiB; leave out what is not needed": (
        "解压后包超过 {most_files} 个文件或 {most} MiB；请去掉不需要的内容"
    ),
    "{filename} would lie outside of the package's folder; make the zip inside it": (
        "{filename} 会落在包的文件夹之外；请在该文件夹内制作 zip"
    ),
    "{filename} is a symbolic link; put the file itself into the package": (
        "{filename} 是符号链接；请将文件本身放入包中"
    ),
    "{file} lies in the folder {folder}; pack what is in that folder": (
        "{file} 位于文件夹 {folder} 中；请打包该文件夹内的内容"
    ),
    "{file} is missing; put it at the root of the package": "缺少 {file}；请将其放在包的根目录",
    "{file} is too large to be one; see docs/handler-guide.md": "{file} 过大；请参阅 docs/handler-guide.md",
    "{problem}; see docs/handler-guide.md for one that works": "{problem}；可用的示例见 docs/handler-guide.md",
    "{named} is not a publisher and a type with a dot between them; say which with --name, as in Contoso.Backup": (
        "{named} 不是以点分隔的发布者和类型；请用 --name 指定，例如 Contoso.Backup"
    ),
    "an empty name is not a publisher and a type with a dot between them; say which with --name, as in "
    "Contoso.Backup": "空名称不是以点分隔的发布者和类型；请用 --name 指定，例如 Contoso.Backup",
    "{numbered} is not a version of two to four numbers; say one with --version": (
        "{numbered} 不是由两到四个数字组成的版本；请用 --version 指定"
    ),
    "{verb} is a batch file of Windows; put a shell script {script} beside it": (
        "{verb} 是 Windows 批处理文件；请在其旁放置 shell 脚本 {script}"
    ),
    "{verb} names the program {path}, which is not in the package; put it there": (
        "{verb} 指定的程序 {path} 不在包中；请将其放入包中"
    ),
    "{verb} names {path}, which this system cannot start; begin a script with #! and its interpreter": (
        "{verb} 指定的 {path} 无法在本系统上启动；脚本请以 #! 及其解释器开头"
    ),
    "{path} has the line ends of Windows, so its interpreter is not found; save it with LF": (
        "{path} 使用 Windows 换行符，因而找不到其解释器；请以 LF 保存"
    ),
    "{path} is a link to outside of the folder; put the file itself there": (
        "{path} 是指向文件夹之外的链接；请将文件本身放在那里"
    ),
    "{folder} is too large for a package; name the folder of the handler alone": (
        "{folder} 对于包来说过大；请只指定处理程序自己的文件夹"
    ),
    "{word} is no folder, no zip and no command; name a handler by one of them": (
        "{word} 不是文件夹、zip 或命令；请用其中之一指定处理程序"
    ),
    "{word} could not be run, or not within ten minutes; run it yourself and look": (
        "{word} 无法运行，或未能在十分钟内完成；请自行运行并查看"
    ),
    "{word} ended with exit code {code}; its own output says why": "{word} 以退出代码 {code} 结束；原因见其输出",
    "{word} did not name the folder or zip that it made; print its path as the last line": (
        "{word} 没有指出它生成的文件夹或 zip；请在最后一行输出其路径"
    ),
    "{word} names no extension; write publisher, type and version as in Contoso.Backup:1.0": (
        "{word} 没有指明扩展；请写出发布者、类型和版本，例如 Contoso.Backup:1.0"
    ),
    "the package of {name} {version} is gone or damaged; publish it again with backupsim handler publish": (
        "{name} {version} 的包已丢失或损坏；请用 backupsim handler publish 重新发布"
    ),
    "freeze: the report claims {consistency}, and the guest was not frozen": (
        "freeze：报告声称 {consistency}，但来宾未被冻结"
    ),
    "freeze: the report claims AppConsistent, and no VSS writer took part in the freeze": (
        "freeze：报告声称 AppConsistent，但没有 VSS 编写器参与冻结"
    ),
    "freeze_limit: the guest let go of its volumes by itself, since the thaw came too late": (
        "freeze_limit：解冻过晚，来宾已自行放开卷"
    ),
    "thaw: the handler ended and left the guest frozen": "thaw：处理程序结束时来宾仍处于冻结状态",
    "snapshot_in_freeze: taken outside of the freeze: {disks}": "snapshot_in_freeze：在冻结之外创建：{disks}",
    "every_disk: the report names snapshots of {named} of {all} disks": (
        "every_disk：报告只列出了 {all} 个磁盘中 {named} 个的快照"
    ),
    "no_signature: a signature stands in {places}": "no_signature：以下位置含有签名：{places}",
    "status_blob: the status blob does not tell how the task ended": "status_blob：状态 blob 未说明任务如何结束",
    "status_file: N.status does not tell how the task ended": "status_file：N.status 未说明任务如何结束",
    "no machine {vm} exists in this world; GET /_sim/vms lists them": (
        "此环境中没有计算机 {vm}；GET /_sim/vms 可列出现有的计算机"
    ),
    "several machines are called {vm}; name one by its ARM id": "有多台计算机名为 {vm}；请用 ARM ID 指定其中一台",
    "no version {version} of {name} is published; GET /_sim/handlers lists them": (
        "未发布 {name} 的版本 {version}；GET /_sim/handlers 可列出已发布的内容"
    ),
    "no version {version} of {name} is published": "未发布 {name} 的版本 {version}",
}
