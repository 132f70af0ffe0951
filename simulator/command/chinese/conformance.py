"""The Chinese of the conformance suite: what is shown of a run, and why none is made."""

from __future__ import annotations

from collections.abc import Mapping

LABELS_OF_CONFORMANCE = {
    "conform_scene": ("scene {scene}", "场景 {scene}"),
    "conform_must": ("{id}  must: {expected}", "{id}  必须：{expected}"),
    "conform_should": ("{id}  should: {expected}", "{id}  应当：{expected}"),
    "conform_known": ("{id}  known failure: {expected}", "{id}  已知的失败：{expected}"),
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
    "conform_page_title": ("conformance", "一致性报告"),
    "conform_page_facts": (
        "profile {profile}, suite {suite}, seed {seed}, runs {runs}; {begun}, {seconds} seconds, {platform}",
        "配置 {profile}，测试套件 {suite}，种子 {seed}，运行次数 {runs}；{begun}，{seconds} 秒，{platform}",
    ),
    "conform_page_well": ("Conforms", "符合要求"),
    "conform_page_bad": ("Does not conform", "不符合要求"),
    "conform_page_total": ("of {total} requirements in the suite", "测试套件共 {total} 项要求"),
    "conform_page_baseline": (
        "Beside the baseline: new failures: {new}; unexpected passes: {better}.",
        "与基线相比：新的失败：{new}；意外的通过：{better}。",
    ),
    "conform_page_none": ("none", "无"),
    "conform_page_failed": ("Not met", "未满足"),
    "conform_page_all": ("All requirements", "所有要求"),
    "conform_page_of_chapter": ("{passed} of {total} passed", "{total} 项中通过 {passed} 项"),
    "conform_page_id": ("id", "编号"),
    "conform_page_level": ("level", "级别"),
    "conform_page_expected": ("what is expected", "要求"),
    "conform_page_result": ("result", "结果"),
    "conform_page_must": ("must", "必须"),
    "conform_page_should": ("should", "应当"),
    "conform_page_result_passed": ("passed", "通过"),
    "conform_page_result_failed": ("failed", "失败"),
    "conform_page_result_advice": ("should be met", "应当改进"),
    "conform_page_result_not_applicable": ("not applicable", "不适用"),
    "conform_page_result_skipped": ("skipped", "跳过"),
    "conform_page_reason": ("What is wrong", "问题"),
    "conform_page_done": ("What is done", "做法"),
    "conform_page_source": ("Known from", "依据"),
    "conform_page_again": ("Once more", "重现"),
    "conform_page_seen": ("What was seen in the scene {scene}", "场景 {scene} 中看到的内容"),
    "conform_page_closed": ("closed", "已断开"),
    "conform_page_forced": ("ended by force", "被强制结束"),
    "conform_page_exit": ("exit code {code}", "退出代码 {code}"),
    "conform_page_at": ("seconds", "秒"),
    "conform_page_party": ("party", "参与方"),
    "conform_page_what": ("what", "内容"),
    "conform_page_answer": ("answer", "答复"),
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
