"""The Chinese of saved worlds: what became of them, and why one is refused."""

from __future__ import annotations

LABELS_OF_SAVED_WORLDS = {
    "world_saved": ("{name} is saved, {size} MiB", "{name} 已保存，{size} MiB"),
    "world_restored": ("the world is {name} again", "环境已恢复为 {name}"),
    "world_forked": (
        "{folder} holds a fork of {name}; backupsim up --state {folder} starts it",
        "{folder} 中是 {name} 的分支；使用 backupsim up --state {folder} 启动它",
    ),
    "world_listed": ("{name}  saved {time}, {size} MiB", "{name}  保存于 {time}，{size} MiB"),
    "world_left_over": (
        "{name}  left by a save that was killed, {size} MiB; the next save removes it",
        "{name}  被终止的保存所遗留，{size} MiB；下一次保存会将其删除",
    ),
    "worlds_none": ("no world is saved in {folder}", "{folder} 中没有已保存的环境"),
    "world_deleted": ("{name} is deleted", "{name} 已删除"),
    "world_exported": (
        "{file}: {size} MiB; it holds the world's keys",
        "{file}：{size} MiB；其中含有该环境的密钥",
    ),
    "up_goes_back": ("The world begins anew with what was saved.", "环境正以保存的内容重新开始。"),
}

SAVED_WORLDS = {
    "no world is saved as {name}; backupsim world list shows those that are": (
        "没有保存为 {name} 的环境；backupsim world list 可列出已保存的环境"
    ),
    "a world is saved as {name} already; delete that one first, or choose another name": (
        "已有保存为 {name} 的环境；请先删除它，或另选名称"
    ),
    "restore it from a copy, or remove its folder": "请从副本还原，或删除其文件夹",
    "{name} cannot name a saved world; use letters, digits, dots, dashes and underscores": (
        "{name} 不能用作已保存环境的名称；请使用字母、数字、点、连字符和下划线"
    ),
    "{state} holds a world; name a new folder with --state": "{state} 中已有环境；请用 --state 指定新文件夹",
    "a world is running in {world}; stop it with backupsim stop, and try again": (
        "{world} 中有环境正在运行；请用 backupsim stop 停止后重试"
    ),
    "the last run of the world in {world} did not end in order; start it, stop it, and try again": (
        "{world} 中的环境上次未正常结束；请启动并停止它，然后重试"
    ),
    "this world keeps its blobs elsewhere, so it cannot be saved; use a world without --blob-endpoint": (
        "此环境的 Blob 存放在别处，因此无法保存；请使用不带 --blob-endpoint 的环境"
    ),
    "this world keeps its documents elsewhere, so it cannot be saved; use a world without BACKUPSIM_DSN": (
        "此环境的文档存放在别处，因此无法保存；请使用不带 BACKUPSIM_DSN 的环境"
    ),
    "this world shares its Azurite with others, so it cannot be saved; open it with backup_world(own_azurite=True)": (
        "此环境与其他环境共用 Azurite，因此无法保存；请用 backup_world(own_azurite=True) 打开它"
    ),
    "this world cannot go back while it runs; fork the saved one instead": (
        "此环境在运行时无法恢复；请改为从已保存的环境创建分支"
    ),
    "the world did not come to rest within {patience_seconds} s: {who}; wait for the end of that, or stop it, "
    "and try again": "环境未能在 {patience_seconds} 秒内静止：{who}；请等待其结束或停止它，然后重试",
    "work that began meanwhile": "其间开始的工作",
    "world time is being advanced {how_far}": "正在推进环境时间 {how_far}",
    "what was due at {instant} has yet to be done": "{instant} 到期的内容尚未完成",
    "pending writes did not end in time": "未完成的写入没有及时结束",
    "the guest is being frozen by another requester": "来宾正被另一请求者冻结",
    "writes could not be held for more than {limit} s": "写入无法保持超过 {limit} 秒",
    "Azurite could not save its databases; free some space there, and try again": (
        "Azurite 无法保存其数据库；请在那里腾出一些空间，然后重试"
    ),
    "{file} is there already; name a new file": "{file} 已存在；请指定新文件",
    "there is no file {file}; name one that backupsim world export wrote": (
        "没有文件 {file}；请指定由 backupsim world export 写出的文件"
    ),
    "{file} {what}; export the world again": "{file} {what}；请重新导出该环境",
    "{file} is no exported world, or was cut; export the world again": (
        "{file} 不是导出的环境，或已被截断；请重新导出该环境"
    ),
    "{file} is no exported world; export the world again": "{file} 不是导出的环境；请重新导出该环境",
    "{file} is damaged: its manifest cannot be read; export the world again": (
        "{file} 已损坏：无法读取其清单；请重新导出该环境"
    ),
    "{file} is damaged: {name} cannot be read; export the world again": (
        "{file} 已损坏：无法读取 {name}；请重新导出该环境"
    ),
    "{file} is damaged: {name} is not what was exported; export the world again": (
        "{file} 已损坏：{name} 与导出时不同；请重新导出该环境"
    ),
    "{file} is damaged: {name} is missing; export the world again": "{file} 已损坏：缺少 {name}；请重新导出该环境",
    "{file} names the path {name}, which lies outside of a world; export the world again": (
        "{file} 含有环境之外的路径 {name}；请重新导出该环境"
    ),
    "{file} holds {name}, which is no plain file; export the world again": (
        "{file} 含有 {name}，它不是普通文件；请重新导出该环境"
    ),
    "{file} holds {name}, of which its manifest does not tell; export the world again": (
        "{file} 含有清单中没有的 {name}；请重新导出该环境"
    ),
    "{file} holds {name} twice; export the world again": "{file} 中有两个 {name}；请重新导出该环境",
    "{file} holds {name} as a file and as a folder; export the world again": (
        "{file} 中的 {name} 既是文件又是文件夹；请重新导出该环境"
    ),
    "{file} holds more than {most} files; export the world again": "{file} 中的文件超过 {most} 个；请重新导出该环境",
    "{file} was written by a newer release, in version {version}; use that release, or export it there for "
    "version {known}": "{file} 由更新的版本写出，其格式版本为 {version}；请使用该版本，或在那里按版本 {known} 导出",
    "{file} holds {size} MiB, and {parent} has {free} MiB; {remedy}": (
        "{file} 含有 {size} MiB，而 {parent} 只有 {free} MiB；{remedy}"
    ),
    "{folder} is no absolute path; name the folder of saved worlds by one": (
        "{folder} 不是绝对路径；请用绝对路径指定已保存环境的文件夹"
    ),
    "{state} is no absolute path; name the folder of the new world by one": (
        "{state} 不是绝对路径；请用绝对路径指定新环境的文件夹"
    ),
    "no space is left on the disk; free some space there, and ask again": (
        "磁盘空间不足；请在那里腾出一些空间，然后重试"
    ),
    "{path} cannot be used ({reason}); name another path": "无法使用 {path}（{reason}）；请指定另一个路径",
    "a path has no zero and no half of a character; name another one": (
        "路径中不能有空字符或不完整的字符；请指定另一个路径"
    ),
    "{path} is no absolute path; name the file by one": "{path} 不是绝对路径；请用绝对路径指定文件",
}
