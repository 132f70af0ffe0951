"""What vssadmin prints on Windows Server: writers, providers and shadow copies, in English and simplified Chinese.

The layout and the English words are those of samples from real machines; of the Chinese only the layout is known to be
right, the words are ours. Programs read the number in brackets, the GUIDs and the order of the lines, since all words
are translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from simulator.guest.vss.event_log import SYSTEM_PROVIDER
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.writer import State, Writer

PROVIDER = "Microsoft Software Shadow Copy provider 1.0"
PROVIDER_VERSION = "1.0.0.7"


class Words(NamedTuple):
    banner: tuple[str, str]
    writer: tuple[str, str, str, str, str]
    """What stands before name, id, instance id, state and last error of a writer."""
    states: Mapping[State, str]
    failed: str
    errors: Mapping[Hresult, str]
    other_error: str
    provider: tuple[str, str, str, str]
    """What stands before name, type, id and version of a provider."""
    system: str
    nothing: str
    """There is no shadow copy."""


def _errors(words: Sequence[str]) -> Mapping[Hresult, str]:
    return dict(
        zip(
            (
                Hresult.OK,
                Hresult.WRITER_INCONSISTENT_SNAPSHOT,
                Hresult.WRITER_OUT_OF_RESOURCES,
                Hresult.WRITER_TIMEOUT,
                Hresult.WRITER_RETRYABLE,
                Hresult.WRITER_NON_RETRYABLE,
            ),
            words,
            strict=True,
        )
    )


def _states(unknown: str, stable: str, in_progress: str, waiting: str) -> Mapping[State, str]:
    return {
        State.UNKNOWN: unknown,
        State.STABLE: stable,
        State.WAITING_FOR_FREEZE: in_progress,
        State.WAITING_FOR_THAW: in_progress,
        State.WAITING_FOR_POST_SNAPSHOT: in_progress,
        State.WAITING_FOR_BACKUP_COMPLETE: waiting,
    }


WORDS: Mapping[str, Words] = {
    "en-us": Words(
        banner=(
            "vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool",
            "(C) Copyright 2001-2013 Microsoft Corp.",
        ),
        writer=("Writer name", "Writer Id", "Writer Instance Id", "State", "Last error"),
        states=_states("Unknown", "Stable", "In-Progress", "Waiting for completion"),
        failed="Failed",
        errors=_errors(
            (
                "No error",
                "Inconsistent shadow copy",
                "Out of resources",
                "Timed out",
                "Retryable error",
                "Non-retryable error",
            )
        ),
        other_error="Unexpected error",
        provider=("Provider name", "Provider type", "Provider Id", "Version"),
        system="System",
        nothing="No items found that satisfy the query.",
    ),
    "zh-cn": Words(
        banner=(
            "vssadmin 1.1 - 卷影复制服务管理命令行工具",
            "(C) 版权所有 2001-2013 Microsoft Corp.",
        ),
        writer=("编写器名称", "编写器 Id", "编写器实例 Id", "状态", "上一个错误"),
        states=_states("未知", "稳定", "正在进行", "正在等待完成"),
        failed="失败",
        errors=_errors(("没有错误", "卷影副本不一致", "资源不足", "超时", "可重试的错误", "不可重试的错误")),
        other_error="意外错误",
        provider=("提供程序名称", "提供程序类型", "提供程序 Id", "版本"),
        system="系统",
        nothing="没有找到满足查询的项。",
    ),
}
ENGLISH = "en-us"


def list_writers(writers: Iterable[Writer], language: str = ENGLISH) -> str:
    words = WORDS[language]
    name, identity, instance, state, last_error = words.writer
    lines: list[str] = []
    for writer in writers:
        lines += [
            f"{name}: '{writer.writer_class.name}'",
            f"   {identity}: {{{writer.writer_class.writer_id}}}",
            f"   {instance}: {{{writer.instance_id}}}",
            f"   {state}: [{writer.state.value}] {words.states.get(writer.state, words.failed)}",
            f"   {last_error}: {words.errors.get(writer.last_error, words.other_error)}",
            "",
        ]
    return _printed(words, lines)


def list_providers(language: str = ENGLISH) -> str:
    """That of Windows alone: under which name the extension's is listed is not public."""
    words = WORDS[language]
    name, kind, identity, version = words.provider
    lines = (
        f"{name}: '{PROVIDER}'",
        f"   {kind}: {words.system}",
        f"   {identity}: {SYSTEM_PROVIDER}",
        f"   {version}: {PROVIDER_VERSION}",
        "",
    )
    return _printed(words, lines)


def list_shadows(language: str = ENGLISH) -> str:
    """There are none: the snapshots of a backup are taken of the disks, outside of the guest."""
    words = WORDS[language]
    return _printed(words, (words.nothing,))


def _printed(words: Words, lines: Sequence[str]) -> str:
    return "".join(f"{line}\r\n" for line in (*words.banner, "", *lines))
