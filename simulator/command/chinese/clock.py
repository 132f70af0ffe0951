"""The Chinese of what is said of world time: where an advance goes, who holds it, and what cannot be done."""

from __future__ import annotations

CLOCK = {
    "until the next thing that is due": "直到下一个到期项",
    "until nobody works": "直到无任务运行",
    "until the job {job} ends": "直到作业 {job} 结束",
    "until {condition} of {path}": "直到 {path} 满足 {condition}",
    "by {duration}": "推进 {duration}",
    "to {time}": "推进到 {time}",
    "the job {job}, which is tried again": "作业 {job}（将重试）",
    "jobs that are queued": "排队中的作业",
    "jobs that could not be looked for": "无法查询的作业",
    "the job {job} ({plan})": "作业 {job}（{plan}）",
    "{words}, asked for by {who}, which is at {now} of the way to {end}": (
        "{words}（由 {who} 请求，已到 {now}，目标 {end}）"
    ),
    "{words}, asked for by {who}, which is at {now}": "{words}（由 {who} 请求，已到 {now}）",
    "world time is being advanced {how_far}; wait for its end, or stop it": (
        "正在推进环境时间：{how_far}；请等待其结束，或将其停止"
    ),
    "a world that runs is moved by advancing it": "正在运行的环境只能通过推进来移动时间",
    "a rate belongs to a scaled clock, and this one is {mode}": "rate 只适用于 scaled 时钟，而此时钟为 {mode}",
    "a rate belongs to a scaled clock; a {mode} one has none": "rate 只适用于 scaled 时钟；{mode} 时钟没有 rate",
    "a rate belongs to a scaled clock, and this one is {mode}; ask for --clock scaled": (
        "rate 只适用于 scaled 时钟，而此时钟为 {mode}；请使用 --clock scaled"
    ),
    "no advance was cut off; begin one with backupsim clock advance": (
        "没有被中断的推进；请使用 backupsim clock advance 开始一次推进"
    ),
    "an unexpected error, {name}; the world's log has it": "意外错误 {name}；环境的日志中有其记录",
    "what was due at {time} could not be done, and is due still": "在 {time} 到期的内容未能完成，仍处于到期状态",
    "a rate of {rate} is not above 1 and at most {most}": "rate {rate} 不在大于 1 且不超过 {most} 的范围内",
    "a world's time lies between the years {first} and {last}": "环境时间须在 {first} 年与 {last} 年之间",
    "a world's time goes up to the year {year}; advance by less": "环境时间最晚到 {year} 年；请缩短推进的时长",
    "{mode} is no mode of a clock; it is real, scaled or virtual": (
        "{mode} 不是时钟的模式；模式为 real、scaled 或 virtual"
    ),
    "{text} has no zone; write {text_again}Z for UTC": "{text} 没有时区；UTC 时间请写作 {text_again}Z",
    "{text} is no time; write one as 2026-03-01T08:00:00Z or 2026-03-01": (
        "{text} 不是时间；请写作 2026-03-01T08:00:00Z 或 2026-03-01"
    ),
    "this world's time is {now} already, and does not run backwards; start it at a later time, or make a new world": (
        "此环境的时间已是 {now}，且不会倒退；请以更晚的时间启动，或新建一个环境"
    ),
    "world time is {now} already, and does not run backwards": "环境时间已是 {now}，且不会倒退",
    "{text} is no duration; write one as 30d, 36h, 1d12h or P30D": ("{text} 不是时长；请写作 30d、36h、1d12h 或 P30D"),
    "{text} is no duration; write one as 30d, 36h, 1d12h or P30D; months and years have no fixed length, "
    "so write days": ("{text} 不是时长；请写作 30d、36h、1d12h 或 P30D；月和年没有固定长度，请以天书写"),
    "{text} is more than a hundred years; advance by less": "{text} 超过一百年；请缩短推进的时长",
    "{expression} is no JMESPath expression: {reason}": "{expression} 不是 JMESPath 表达式：{reason}",
    "{expression} cannot be asked of {path}: {reason}": "无法对 {path} 求值 {expression}：{reason}",
    "the clock of this world is not driven at the moment; start the world": "此环境的时钟当前未运行；请启动该环境",
    "until takes next, idle, job ID, or a path of ARM with a JMESPath as in /subscriptions/... 'properties.x'": (
        "until 接受 next、idle、job ID，或 ARM 路径加 JMESPath，例如 /subscriptions/... 'properties.x'"
    ),
    "nobody knows yet when that will be so; --dry-run takes a duration, a time, next or idle": (
        "尚无法得知何时满足；--dry-run 接受时长、时间、next 或 idle"
    ),
    "no advance is under way, so there is none to stop": "没有正在进行的推进，因此无可停止",
    "no job {job} exists in this world; name one by its id": "此环境中没有作业 {job}；请以其 ID 指定",
    "an advance takes one of by, to, until and resume": "推进接受 by、to、until 和 resume 之一",
    'until takes "next", "idle", {job_form} or {path_form}': 'until 接受 "next"、"idle"、{job_form} 或 {path_form}',
    "{path} is no path of ARM; write one as /subscriptions/...": "{path} 不是 ARM 路径；请写作 /subscriptions/...",
    "nobody knows yet when that will be so; ask what is due by a duration, to a time or until next": (
        "尚无法得知何时满足；请按时长、时间或 next 查询到期项"
    ),
    "a clock is set by its mode, its rate or both": "设置时钟需要模式、rate 或两者",
}
