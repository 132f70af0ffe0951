"""The Chinese of what is said of files in a guest, and of told stories."""

from __future__ import annotations

STORIES = {
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
}
