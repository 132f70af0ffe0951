"""The Chinese of what is said of files in a guest, and of told stories."""

from __future__ import annotations

STORIES = {
    "a story": "故事",
    "an act": "一幕",
    "a sentence": "句子",
    "as written": "与写入时相同",
    "softly deleted": "软删除",
    "not clean": "未正常关闭",
    "no error": "没有错误",
    "write {usage}, with a path in the machine such as F:\\report.txt in quotes": (
        "请写成 {usage}，计算机中的路径需加引号，例如 F:\\report.txt"
    ),
    "there is no file {local}; name one of this machine, and then a path in the other": (
        "没有文件 {local}；请先指定本机的文件，再指定目标计算机中的路径"
    ),
    "{name} has {size} bytes, and at most {most} can be read at once": (
        "{name} 有 {size} 字节，一次最多可读取 {most} 字节"
    ),
    "a file of {size} bytes is too large; at most {most} can be sent at once": (
        "{size} 字节的文件过大；一次最多可发送 {most} 字节"
    ),
    "the content of a file is sent in base64": "文件内容以 base64 发送",
    "{path}: there is no such file": "{path}：没有此文件",
    "{pattern}: there is no such volume": "{pattern}：没有此卷",
    "{path}: there is no such place; a file lies right on a volume, as in {example}": (
        "{path}：没有此位置；文件直接位于卷上，例如 {example}"
    ),
    "{path} is in use by the database of the machine": "{path} 正由计算机的数据库使用",
    "disk {lun} of the recovery point has no file {name}": "恢复点的磁盘 {lun} 上没有文件 {name}",
    "{name}: a story has at most {most} characters": "{name}：故事最多 {most} 个字符",
    "{name}: brackets are nested more than {most} deep": "{name}：括号嵌套超过 {most} 层",
    "{name}: a story has no anchors and aliases; write it out": "{name}：故事中不能使用锚点和别名；请完整写出",
    "{name} line {line}: this is no YAML": "{name} 第 {line} 行：这不是 YAML",
    "{name} line {line}: {why}": "{name} 第 {line} 行：{why}",
    "a story has at least one act": "故事至少有一幕",
    "a step is one verb with what it takes, as in: advance: 30d": "每个步骤是一个动词及其内容，例如：advance: 30d",
    "there is no verb {verb}; did you mean {near}": "没有动词 {verb}；您是指 {near} 吗",
    "there is no verb {verb}; docs/stories.md lists the verbs": "没有动词 {verb}；docs/stories.md 列出了所有动词",
    "{verb} needs {name}": "{verb} 需要 {name}",
    "{name} of {verb} is a text": "{verb} 的 {name} 是文本",
    "{name} of {verb} is a whole number": "{verb} 的 {name} 是整数",
    "{name} of {verb} is a list of whole numbers": "{verb} 的 {name} 是整数列表",
    "{name} of {verb} is true or false": "{verb} 的 {name} 是 true 或 false",
    "{name} of {verb} is keys with values": "{verb} 的 {name} 是带值的键",
    "{name} of {verb} is one of {words}": "{verb} 的 {name} 是以下之一：{words}",
    "no step before has made a machine {machine}": "之前没有步骤创建计算机 {machine}",
    "no backup before was called {point}; name one, or one of {words}": (
        "之前没有名为 {point} 的备份；请指定一个，或以下之一：{words}"
    ),
    "a sentence has words, and braces only around the name of a value": "句子要有文字，花括号只能用于值的名称",
    "no step before gives a value {name}": "之前没有步骤给出值 {name}",
    "both languages show the same values": "两种语言要显示相同的值",
    "{what} has the keys {keys}": "{what} 的键为 {keys}",
    "{what} has no key {key}; it has {keys}": "{what} 没有键 {key}；它有 {keys}",
    "the key {key} is there twice": "键 {key} 出现了两次",
    "{what} is a list": "{what} 是列表",
    "a story writes at most {most} MiB into a file; write several": "故事向一个文件最多写入 {most} MiB；请写多个文件",
    "the backup of {machine} ended as {status}, and not as {ends}: {reason}": (
        "{machine} 的备份以 {status} 结束，而不是 {ends}：{reason}"
    ),
    "no recovery point of {machine} has {file} as it was written": "{machine} 的恢复点中没有与写入时相同的 {file}",
    "no disks were restored before; restore disks comes first": "之前没有还原磁盘；请先还原磁盘",
    "the restored disks have no file {name}": "还原的磁盘上没有文件 {name}",
    "the recovery point {point} is not verified: {wrong}": "恢复点 {point} 未通过验证：{wrong}",
    "{machine} has {points} recovery points, which the story does not expect": (
        "{machine} 有 {points} 个恢复点，与故事的预期不符"
    ),
    "the newest backup changed {size}, and usual are {usual}": "最新的备份更改了 {size}，通常为 {usual}",
    "the recovery point of {machine} has no database": "{machine} 的恢复点没有数据库",
    "the database of {machine} is at transaction {last}, and {first} was the last": (
        "{machine} 的数据库处于事务 {last}，而最后一个是 {first}"
    ),
    "the story has written no file {name} on {machine}": "故事没有在 {machine} 上写入文件 {name}",
    "{machine} has no recovery point": "{machine} 没有恢复点",
    "the recovery point {point} of {machine} is not there any more": "{machine} 的恢复点 {point} 已不存在",
    "{what} is {state}, and not {expected}": "{what} 的状态是 {state}，而不是 {expected}",
    "this is no recording of a story; backupsim scenario run FILE --json writes one": (
        "这不是故事的录制文件；backupsim scenario run FILE --json 可生成"
    ),
    "there is no file {path}; backupsim scenario run FILE --json writes a recording": (
        "没有文件 {path}；backupsim scenario run FILE --json 可生成录制文件"
    ),
    "no story is called {name}; backupsim scenario list shows those that there are": (
        "没有名为 {name} 的故事；backupsim scenario list 可列出现有的故事"
    ),
    "{path} is no text in UTF-8; write the story in a text file": "{path} 不是 UTF-8 文本；请把故事写在文本文件中",
    "{option} is not for a story, which makes its own machines; leave it out": (
        "{option} 不适用于故事，故事会自行创建计算机；请去掉该选项"
    ),
    "{mode} is no mode of the lectern; the modes are {modes}": "{mode} 不是讲台的模式；可用的模式有 {modes}",
    "a rest of {seconds} seconds is not possible; use up to {longest}": ("无法停留 {seconds} 秒；最多 {longest} 秒"),
    "a story is being told in this world; stop it, or wait for its end": (
        "此环境中正在讲述一个故事；请停止它，或等待其结束"
    ),
    "no story is being told in this world; begin one first": "此环境中没有正在讲述的故事；请先开始一个",
    "nobody tells stories in this world": "此环境中没有人讲故事",
    "the story was stopped": "故事已停止",
    "The story was stopped.": "故事已停止。",
    "The story broke off; the world's log says why.": "故事中断；环境的日志说明了原因。",
    "a story told {slow} times as slowly is not possible; use 0 to {slowest}": (
        "无法以 {slow} 倍的慢速讲述；请使用 0 到 {slowest}"
    ),
    "a story needs an empty world, and this one has the resource group {group}; reset it first": (
        "故事需要空的环境，而此环境已有资源组 {group}；请先重置"
    ),
    "Told to its end: every expectation held.": "故事讲完：所有预期均成立。",
    "Not told to its end, in line {line}: {sentence}": "故事未讲完，第 {line} 行：{sentence}",
}
