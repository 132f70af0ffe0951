"""The words of the page in English and Chinese."""

from __future__ import annotations

from controlplane.json_object import Json
from simulator.recorder.words import LANGUAGES as LANGUAGES
from simulator.recorder.words import words as words_of_picture

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Azure Backup on this machine", "本机上的 Azure 备份"),
    "views": ("Views", "视图"),
    "overview": ("Overview", "概览"),
    "language": ("中文", "English"),
    "world_clock": ("World time", "环境时间"),
    "mode": ("mode", "模式"),
    "next_due": ("next due", "下一到期"),
    "nothing": ("nothing", "无"),
    "vaults": ("Vaults", "保管库"),
    "vault": ("vault", "保管库"),
    "location": ("location", "位置"),
    "items": ("Protected items", "受保护项"),
    "no_items": (
        "Nothing is protected yet. backupsim demo --keep ./world makes a world with a protected machine.",
        "尚无受保护项。backupsim demo --keep ./world 可创建包含受保护虚拟机的环境。",
    ),
    "machine": ("machine", "虚拟机"),
    "health": ("health", "运行状况"),
    "state": ("state", "状态"),
    "last_point": ("last recovery point", "最近恢复点"),
    "last_backup": ("last backup", "最近备份"),
    "action": ("action", "操作"),
    "back_up_now": ("Back up now", "立即备份"),
    "jobs": ("Jobs", "作业"),
    "running_jobs": ("{count} of these run now.", "其中 {count} 个正在运行。"),
    "no_jobs": ("There was no job yet.", "尚无作业。"),
    "alerts": ("Alerts", "警报"),
    "no_alerts": ("No alert is active.", "没有活动的警报。"),
    "severity": ("severity", "严重性"),
    "name": ("name", "名称"),
    "fired": ("fired", "触发时间"),
    "commands": ("Same by command", "等效命令"),
    "copy": ("Copy", "复制"),
    "copied": ("copied", "已复制"),
    "cancel_job": ("Cancel this job", "取消此作业"),
    "download": ("Download the recording", "下载记录"),
    "progress": ("Transfer", "传输"),
    "sign_in": ("Sign in", "登录"),
    "code": ("Code", "代码"),
    "sign_in_how": (
        "Run backupsim dashboard: it prints an address that is good for one visit within a minute.",
        "运行 backupsim dashboard：它会打印一个地址，一分钟内可使用一次。",
    ),
    "bad_code": (
        "This code is not known, was used, or is older than a minute. Get another one.",
        "此代码未知、已使用或已超过一分钟。请重新获取。",
    ),
    "shown_first": ("The first {count} are shown.", "仅显示前 {count} 个。"),
    "live": ("live", "实时"),
    "reconnecting": ("connecting again", "正在重新连接"),
    "asked": ("asked", "已请求"),
    "begun": ("It was accepted.", "已接受。"),
    "refused": ("refused", "已拒绝"),
    "clock": ("Clock", "时钟"),
    "now": ("now", "现在"),
    "holders": ("at work", "正在运行"),
    "nobody": ("nobody", "无"),
    "advance": ("Advance", "推进"),
    "advance_how": (
        "World time goes to what is due and does it, each at its own minute. Jobs that it begins run on the way.",
        "环境时间会依次前往各个到期时刻并执行到期的内容。由此启动的作业会在途中运行。",
    ),
    "until_next": ("Until the next due time", "到下一到期时刻"),
    "stop": ("Stop the advance", "停止推进"),
    "set_mode": ("How time passes", "时间如何流逝"),
    "faults": ("Faults", "故障"),
    "faults_set": ("Set now", "当前已设置"),
    "no_faults": ("No fault is set.", "未设置任何故障。"),
    "number": ("number", "编号"),
    "fault": ("fault", "故障"),
    "where": ("where", "位置"),
    "hits": ("hits", "命中次数"),
    "clear": ("Clear", "清除"),
    "clear_all": ("Clear all", "全部清除"),
    "catalogue": ("What can fail", "可能的故障"),
    "set": ("Set", "设置"),
    "fault_how": (
        "A fault that is set here acts everywhere. backupsim fault set says where, when and with which values, too.",
        "在此设置的故障对所有位置生效。backupsim fault set 还可指定位置、时间和参数。",
    ),
    "points": ("Recovery points", "恢复点"),
    "no_points": ("This item has no recovery point.", "此项没有恢复点。"),
    "weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "一 二 三 四 五 六 日"),
    "time": ("time", "时间"),
    "consistency": ("consistency", "一致性"),
    "tiers": ("tiers", "层"),
    "kept_until": ("kept until", "保留至"),
    "rule": ("rule", "规则"),
    "tier_InstantRP": ("instant", "即时"),
    "tier_HardenedRP": ("vault", "保管库"),
    "tier_ArchivedRP": ("archive", "存档"),
    "events_view": ("Events", "事件"),
    "filter": ("Filter", "筛选"),
    "pause": ("pause", "暂停"),
    "newest_events": ("The newest {count}, as they come.", "最新的 {count} 个，实时显示。"),
    "party": ("seen by", "观察方"),
    "resources": ("Resources", "资源"),
    "arm_id": ("ARM id", "ARM ID"),
    "show": ("Show", "显示"),
    "inside": ("What is in this group", "此组中的内容"),
    "cut_off": ("The answer is longer than what is shown.", "应答比显示的内容更长。"),
    "not_found": ("There is nothing here", "此处没有内容"),
    "no_script_actions": ("Actions need JavaScript; their commands do not.", "操作需要 JavaScript；命令不需要。"),
}


def words(language: str) -> Json:
    """All of one language, those of the picture included."""
    at = LANGUAGES.index(language)
    return words_of_picture(language) | {key: both[at] for key, both in WORDS.items()}


def language_of(asked: str | None, kept: str | None, accepted: str) -> str:
    """What was asked for, was asked for before, or the browser would like."""
    for language in (asked, kept):
        if language in LANGUAGES:
            return language
    return "zh-cn" if accepted.strip().lower().startswith("zh") else LANGUAGES[0]
