"""What is told of a step, of its end and of its time, in both languages, and how long one reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from simulator.stories.reading import LANGUAGES, Texts

STEPS: Mapping[str, tuple[str, str]] = {
    "machine": ("{machine} runs, and its agent is ready", "{machine} 已运行，其代理已就绪"),
    "policy": ("policy {policy} is made", "已创建策略 {policy}"),
    "protect": ("{machine} is protected", "{machine} 已受保护"),
    "work": (
        "the database of {machine} is at transaction {last_transaction}",
        "{machine} 的数据库已到事务 {last_transaction}",
    ),
    "write file": ("{path} is written on {machine}", "已在 {machine} 上写入 {path}"),
    "delete file": ("{path} is deleted on {machine}", "已在 {machine} 上删除 {path}"),
    "encrypt files": ("{encrypted} files of {machine} are encrypted", "{machine} 上有 {encrypted} 个文件被加密"),
    "back up": (
        "backup of {machine}: {status}, {consistency}, {changed} changed",
        "{machine} 的备份：{status}，{consistency}，更改了 {changed}",
    ),
    "turn off": ("{machine} is deallocated", "{machine} 已解除分配"),
    "turn on": ("{machine} runs again", "{machine} 已重新运行"),
    "delete machine": ("{machine} and its disks are deleted", "{machine} 及其磁盘已删除"),
    "delete backups": ("the backup data of {machine} are deleted", "{machine} 的备份数据已删除"),
    "undelete backups": ("the backup data of {machine} are back", "{machine} 的备份数据已恢复"),
    "set fault": ("fault {fault} is set on {machine}", "已在 {machine} 上设置故障 {fault}"),
    "clear fault": ("fault {fault} is cleared", "已清除故障 {fault}"),
    "restart service": ("service {service} of {machine} is restarted", "已重新启动 {machine} 的服务 {service}"),
    "lock": ("resource group {group} has a lock: {level}", "资源组 {group} 已加锁：{level}"),
    "unlock": ("resource group {group} has no lock any more", "资源组 {group} 的锁已移除"),
    "advance": ("it is {now}; {backups} backups came on the way", "现在是 {now}；其间进行了 {backups} 次备份"),
    "find file": (
        "{file}: in {found} of {points} recovery points, as it was written in {whole}, last at {last_whole}",
        "{file}：{points} 个恢复点中有 {found} 个包含它，{whole} 个与写入时相同，最后一个在 {last_whole}",
    ),
    "restore disks": ("the disks of {point_time} are restored to {account}", "{point_time} 的磁盘已还原到 {account}"),
    "restore machine": ("{copy} runs on the disks of {point_time}", "{copy} 已在 {point_time} 的磁盘上运行"),
    "bring back file": ("{path} is back on {machine}", "{path} 已回到 {machine}"),
    "verify": ("verified: {checked} checks, all passed", "已验证：{checked} 项检查全部通过"),
    "expect file": ("{path} is {is}", "{path}：{is}"),
    "expect machine": ("{machine} is {is}", "{machine}：{is}"),
    "expect backups": ("the backup data of {machine} are {is}", "{machine} 的备份数据：{is}"),
    "expect points": (
        "{points} recovery points, the oldest of {oldest}, the newest {consistency}",
        "{points} 个恢复点，最早的是 {oldest}，最新的是 {consistency}",
    ),
    "expect growth": (
        "{changed} changed since the backup before; usual are {usual}",
        "自上次备份以来更改了 {changed}；通常为 {usual}",
    ),
    "expect database": ("the database of this recovery point is {database}", "此恢复点的数据库：{database}"),
    "expect lost transactions": (
        "the database of {machine} is at transaction {last_transaction}",
        "{machine} 的数据库处于事务 {last_transaction}",
    ),
}
WORDS: Mapping[str, str] = {
    "as written": "与写入时相同",
    "gone": "已消失",
    "changed": "已更改",
    "running": "正在运行",
    "protected": "受保护",
    "stopped": "已停止保护",
    "softly deleted": "已软删除",
    "clean": "可正常打开",
    "recovered": "需要恢复",
    "torn": "已撕裂",
}
"""Words of a story's own in the second language."""
ENDS: Mapping[str, tuple[str, str]] = {
    "told": ("Told to its end: every expectation held.", "故事讲完：所有预期均成立。"),
    "broken": ("Not told to its end, in line {line}: {sentence}", "故事未讲完，第 {line} 行：{sentence}"),
}
WORDS_PER_SECOND = 2.5
"""Of English, read to an audience: 150 in a minute."""
CHARACTERS_PER_SECOND = 4.0
"""Of Chinese: 240 in a minute."""
BREATH_SECONDS = 1.0
"""After each sentence."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def both(template: tuple[str, str], values: Mapping[str, object]) -> Texts:
    """A sentence in both languages. Values are numbers, names, ARM's words, or words that WORDS translates."""
    chinese = {name: WORDS.get(str(value), value) for name, value in values.items()}
    return {"en": template[0].format_map(values), "zh-cn": template[1].format_map(chinese)}


def filled(texts: Texts, values: Mapping[str, object]) -> Texts:
    """What is said around the steps, with the values that they gave."""
    return both((texts["en"], texts["zh-cn"]), values)


def reading_seconds(text: str, language: str) -> float:
    """How long it takes to read a sentence aloud and to breathe."""
    assert language in LANGUAGES
    characters = len(_HAN.findall(text))
    words = len(_HAN.sub(" ", text).split())
    return characters / CHARACTERS_PER_SECOND + words / WORDS_PER_SECOND + BREATH_SECONDS
