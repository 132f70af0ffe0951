"""The words of the picture in English and Chinese; names of events, states and error codes are the same in both."""

from __future__ import annotations

from controlplane.json_object import Json

LANGUAGES = ("en", "zh-cn")
LANES: dict[str, tuple[str, str]] = {
    "client": ("client", "客户端"),
    "arm": ("ARM", "ARM"),
    "job": ("job", "作业"),
    "host": ("host and wire server", "主机与线路服务器"),
    "agent": ("agent", "代理"),
    "handler": ("handler", "处理程序"),
    "vss": ("VSS and guest", "VSS 与来宾"),
    "storage": ("storage", "存储"),
}
WORDS: dict[str, tuple[str, str]] = {
    "picture": ("Events of the job in lanes", "按泳道显示的作业事件"),
    "events": ("events", "个事件"),
    "freeze_window": ("freeze window", "冻结窗口"),
    "frozen": ("frozen", "已冻结"),
    "folded": ("without events", "无事件"),
    "recording": ("Recording", "记录"),
    "job": ("Job", "作业"),
    "status": ("status", "状态"),
    "started": ("started", "开始时间"),
    "ended": ("ended", "结束时间"),
    "operation": ("operation", "操作"),
    "item": ("item", "项目"),
    "tasks": ("Tasks", "任务"),
    "task": ("task", "任务"),
    "duration": ("duration", "持续时间"),
    "error": ("error", "错误"),
    "remedy": ("remedy", "补救措施"),
    "picture_heading": ("What happened", "发生了什么"),
    "zoom_in": ("Zoom in", "放大"),
    "zoom_out": ("Zoom out", "缩小"),
    "left": ("Earlier", "向前"),
    "right": ("Later", "向后"),
    "all": ("All", "全部"),
    "freeze": ("Freeze window", "冻结窗口"),
    "until": ("Show until", "显示至"),
    "keys": (
        "Keys in the picture: + and − zoom, arrows move, 0 shows all, f the freeze window, space plays what is shown "
        "slowly, comma and full stop go from event to event. Drag to choose a range.",
        "图中按键：+ 和 − 缩放，方向键移动，0 显示全部，f 显示冻结窗口，空格键慢速播放所示部分，"
        "逗号和句号逐个查看事件。拖动可选择范围。",
    ),
    "play": ("Play slowly", "慢速播放"),
    "stop_playing": ("Stop playing", "停止播放"),
    "previous_event": ("Previous event", "上一事件"),
    "next_event": ("Next event", "下一事件"),
    "all_events": ("All events", "所有事件"),
    "chosen": ("Chosen event", "所选事件"),
    "since": ("since start", "自开始"),
    "world_time": ("world time", "环境时间"),
    "lane": ("lane", "泳道"),
    "event": ("event", "事件"),
    "what": ("what", "内容"),
    "verdict": ("Verdict", "验证结论"),
    "verified": ("Verified: every check passed.", "已验证：所有检查均通过。"),
    "not_verified": ("Not verified.", "未通过验证。"),
    "no_verdict": ("This job made no recovery point.", "此作业未生成恢复点。"),
    "still_runs": ("The job was still running.", "记录时作业仍在运行。"),
    "passed": ("passed", "通过"),
    "failed": ("failed", "未通过"),
    "reports": ("What the handler reported", "处理程序的报告"),
    "no_reports": ("No handler has reported.", "没有处理程序报告。"),
    "status_blob": ("status blob", "状态 Blob"),
    "log_blob": ("log blob", "日志 Blob"),
    "blob_gone": ("The blob is gone.", "该 Blob 已不存在。"),
    "links": ("Resources", "资源"),
    "not_whole": ("The first 3,000 events are shown.", "仅显示前 3,000 个事件。"),
    "needs_script": (
        "The picture needs JavaScript; the tables do not.",
        "图形需要 JavaScript；表格不需要。",
    ),
    "link_vault": ("vault", "保管库"),
    "link_job": ("job", "作业"),
    "link_machine": ("machine", "虚拟机"),
    "link_item": ("protected item", "受保护项"),
}


def words(language: str) -> Json:
    """All of one language: by key, and the names of the lanes below `lanes`."""
    at = LANGUAGES.index(language)
    return {key: both[at] for key, both in WORDS.items()} | {"lanes": {key: both[at] for key, both in LANES.items()}}
