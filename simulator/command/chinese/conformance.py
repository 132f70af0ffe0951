"""The Chinese of the conformance suite: what is shown of a run, and why none is made."""

from __future__ import annotations

from collections.abc import Mapping

LABELS_OF_CONFORMANCE = {
    "conform_scene": ("scene {scene}", "场景 {scene}"),
    "conform_must": ("{id}  must: {expected}", "{id}  必须：{expected}"),
    "conform_should": ("{id}  should: {expected}", "{id}  应当：{expected}"),
    "conform_known": ("{id}  known failure: {expected}", "{id}  已知的失败：{expected}"),
    "conform_reason": ("    {reason}", "    {reason}"),
    "conform_english": ("{reason}", "英文说明：{reason}"),
    "conform_unexpected": (
        "{id}  passes now; take it out of the baseline",
        "{id}  现在已通过；请将其从基线中删除",
    ),
    "conform_well": (
        "{name} {version} conforms: {judged} of {total} requirements judged, {passed} passed, {failed} failed, "
        "{advice} should, {absent} not applicable, {skipped} skipped",
        "{name} {version} 符合要求：共 {total} 项要求，评判 {judged} 项，通过 {passed} 项，失败 {failed} 项，"
        "应当改进 {advice} 项，不适用 {absent} 项，跳过 {skipped} 项",
    ),
    "conform_bad": (
        "{name} {version} does not conform: {judged} of {total} requirements judged, {passed} passed, {failed} failed, "
        "{advice} should, {absent} not applicable, {skipped} skipped",
        "{name} {version} 不符合要求：共 {total} 项要求，评判 {judged} 项，通过 {passed} 项，失败 {failed} 项，"
        "应当改进 {advice} 项，不适用 {absent} 项，跳过 {skipped} 项",
    ),
}

CONFORMANCE: Mapping[str, str] = {
    "{path} cannot be judged: {reason}": "无法评判 {path}：{reason}",
    "{word} is no requirement; docs/conformance.md lists them, as FRZ-02": (
        "{word} 不是一项要求；docs/conformance.md 列出了所有要求，例如 FRZ-02"
    ),
    "{file} is no baseline; write one with backupsim conform HANDLER --json": (
        "{file} 不是基线文件；请用 backupsim conform HANDLER --json 生成一个"
    ),
    "{profile} is no profile; use windows or linux": "{profile} 不是可用的配置；请使用 windows 或 linux",
    "the suite finds a handler's processes in /proc; run it on Linux, or in a container with Linux": (
        "测试套件通过 /proc 查找处理程序的进程；请在 Linux 上或 Linux 容器中运行"
    ),
    "the suite seals settings by openssl, which failed: {problem}; install openssl": (
        "测试套件用 openssl 加密设置，但它失败了：{problem}；请安装 openssl"
    ),
    "it is no zip": "它不是 zip 文件",
    "it unpacks to more than {most} MiB": "解压后超过 {most} MiB",
}
