"""The Chinese of scripts for VSS: what is said of one that cannot be understood."""

from __future__ import annotations

VSS = {
    "The writers, VSS and its provider of the guest go by a script.": "来宾的编写器、VSS 及其提供程序按脚本运行。",
    "{path} cannot be read: {reason}; name a file behind @": "无法读取 {path}：{reason}；请在 @ 之后指定文件",
    "{path} is no text in UTF-8; name another file behind @": "{path} 不是 UTF-8 文本；请在 @ 之后指定其他文件",
    "{count} machines are called {vm}; name one by its ARM id": "有 {count} 台计算机名为 {vm}；请用 ARM ID 指定其一",
    "a script": "脚本",
    "a rule for a writer": "编写器的规则",
    "a rule for VSS": "VSS 的规则",
    "a writer": "编写器",
    "a writer that failed": "失败的编写器",
    "the writer {does}": "编写器{does}",
    "could not do what it was told": "无法完成指示",
    "vetoes the snapshot set": "否决快照集",
    "does not answer": "没有响应",
    "takes its time": "耗时过长",
    "failed by itself": "自行失败",
    "the step {step} failed": "步骤 {step} 失败",
    "a script has at most {most} characters, and this one has {length}": (
        "脚本最多 {most} 个字符，而此脚本有 {length} 个"
    ),
    "the script is no YAML in line {line}; see docs/vss-laboratory.md": (
        "脚本第 {line} 行不是有效的 YAML；请参阅 docs/vss-laboratory.md"
    ),
    "the script is no YAML; see docs/vss-laboratory.md": "脚本不是有效的 YAML；请参阅 docs/vss-laboratory.md",
    "a script needs one of writers, vss, installed and missing; see docs/vss-laboratory.md": (
        "脚本需要 writers、vss、installed 和 missing 之一；请参阅 docs/vss-laboratory.md"
    ),
    "between two backups a writer only changes: write does: changes with at: Rest": (
        "在两次备份之间编写器只能改变状态：请为 at: Rest 写 does: changes"
    ),
    "a writer that {does} does so for some time; write seconds: 30": ("{does} 的编写器需要时长；请写成 seconds: 30"),
    "a writer that vetoes says nothing of why; with an hresult it fails": (
        "使用 vetoes 的编写器不说明原因；若带 hresult 则为 fails"
    ),
    "at HoldWrites the kernel lets go after some seconds, and VSS finds the code; write seconds: 0": (
        "在 HoldWrites，内核在若干秒后放行写入，代码由 VSS 得出；请写成 seconds: 0"
    ),
    "seconds are for HoldWrites, and not for {step}": "seconds 用于 HoldWrites，不用于 {step}",
    "writers of a rule for VSS is true or false: whether writers take part in the snapshot set": (
        "VSS 规则的 writers 应为 true 或 false：编写器是否参与快照集"
    ),
    "{text} is a success, with which nothing fails": "{text} 表示成功，不会导致失败",
    "{text} is none of a writer; it fails with {those}, the ASR Writer also with ASRERROR_*": (
        "{text} 不是编写器的代码；编写器以 {those} 失败，ASR Writer 还可使用 ASRERROR_*"
    ),
    "{text} is a writer's; write it under writers": "{text} 是编写器的代码；请写在 writers 之下",
    "{what} is a mapping of {keys}": "{what} 应为由 {keys} 组成的映射",
    "{key} of a script is a list": "脚本的 {key} 应为列表",
    "a rule of a script says {key}: and a name behind it": "脚本的规则应写 {key}: 及其后的名称",
    "{key} of a rule is a name": "规则的 {key} 应为名称",
    "{key} of a rule is a text": "规则的 {key} 应为文本",
    "{key} of a rule is a number from 0 to {most}": "规则的 {key} 应为 0 到 {most} 之间的数字",
}
