"""A forecast as a person reads it: on a terminal of 80 columns, in words and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial

from rich.cells import cell_len

from controlplane.json_object import Json
from simulator.command import texts
from simulator.command.program import as_called
from simulator.failures import WrongUse

COLUMNS = 80
FIRST_POINTS = 10
LATER_DAYS = (0, 1, 7, 30, 90, 180, 365, 730, 1825, 3650, 7300)
"""Which days of a forecast are shown, besides the last."""
RULES = {
    "Daily": "dailySchedule",
    "Weekly": "weeklySchedule",
    "Monthly": "monthlySchedule",
    "Yearly": "yearlySchedule",
}
LEFT, RIGHT = True, False
LABELS: dict[str, tuple[str, str]] = {
    "title": ("{policy}, from {start} to {end} (times in UTC)", "{policy}，从 {start} 到 {end}（时间为 UTC）"),
    "backup": ("Backup", "备份"),
    "daily": ("every day at {time}", "每天 {time}"),
    "weekly": ("{days} at {time}", "{days} {time}"),
    "hourly": (
        "every {interval} h from {start} for {window} h, {count} a day",
        "从 {start} 起 {window} 小时内每 {interval} 小时一次，每天 {count} 次",
    ),
    "of_zone": ("{when}, {zone}", "{when}，{zone}"),
    "snapshots": ("Snapshots", "快照"),
    "snapshots_kept": ("for {days} days", "保留 {days} 天"),
    "archive": ("Archive", "存档"),
    "archive_after": ("monthly and yearly ones, {count} {unit} old", "每月和每年的恢复点，{count} {unit}之后"),
    "archive_recommended": (
        "monthly and yearly ones, as soon as they may be moved",
        "每月和每年的恢复点，可移动时立即移动",
    ),
    "rule": ("{days} for {count} {unit}", "{days}，保留 {count} {unit}"),
    "every_day": ("every day", "每天"),
    "by_week": ("{weeks} {days}", "{weeks}{days}"),
    "by_date": ("day {dates}", "{dates} 日"),
    "last_day": ("last day", "最后一天"),
    "of_month": ("{days} of the month", "每月{days}"),
    "of_year": ("{days} of {months}", "{months}的{days}"),
    "counts": ("Recovery points at the end of a day", "每日结束时的恢复点"),
    "counts_for": (
        "GiB: estimated for {gib} GiB on the disks, of which {percent} % change each day",
        "GiB：按磁盘上 {gib} GiB、每天更改 {percent} % 估算",
    ),
    "day": ("day", "日期"),
    "points": ("points", "恢复点"),
    "instant": ("instant", "即时"),
    "vault": ("vault", "保管库"),
    "archived": ("archive", "存档"),
    "most": ("most", "最多"),
    "rules": ("What keeps the recovery points", "保留恢复点的规则"),
    "rule_name": ("rule", "规则"),
    "taken": ("keeps", "保留"),
    "decides": ("decides the end of", "决定到期的"),
    "most_at_once": ("for", "期限"),
    "duration": ("{count} {unit}", "{count} {unit}"),
    "reach": ("How far back one can restore, at the end of a day", "每日结束时可还原到多久以前"),
    "days_back": ("days back", "天数"),
    "first_day": ("first on", "最早于"),
    "farthest": ("point older by at most", "恢复点最多再早"),
    "without": ("later days without", "之后无法还原的天数"),
    "never": ("never", "从不"),
    "hours": ("{hours} h", "{hours} 小时"),
    "days": ("{days} days", "{days} 天"),
    "calendar": ("The first recovery points", "最早的恢复点"),
    "calendar_on": ("The recovery points at the end of {day}", "{day} 结束时的恢复点"),
    "taken_at": ("backup", "备份时间"),
    "kept_by": ("kept by", "保留规则"),
    "kept_until": ("kept until", "保留至"),
    "snapshots_until": ("snapshots until", "快照至"),
    "archived_at": ("archived", "存档于"),
    "instant_only": ("instant tier only", "仅即时层"),
    "no_rule": ("nothing", "无"),
    "more": (
        "and {count} more until {end}; --json lists all, --on DATE those of one day",
        "以及截至 {end} 的另外 {count} 个；--json 列出全部，--on DATE 列出某一天的",
    ),
    "none": ("none", "无"),
    "findings": ("What is odd", "值得注意"),
    "no_findings": ("Nothing odd was found.", "未发现值得注意的情况。"),
    "gap": ("Between two backups lie at most {hours} hours.", "两次备份之间最多相隔 {hours} 小时。"),
    "and": (", ", "、"),
    "by_Daily": ("day", "日"),
    "by_Weekly": ("week", "周"),
    "by_Monthly": ("month", "月"),
    "by_Yearly": ("year", "年"),
    "and_more": ("{days} and more", "{days} 及以上"),
    "Days": ("days", "天"),
    "Weeks": ("weeks", "周"),
    "Months": ("months", "个月"),
    "Years": ("years", "年"),
    "Daily": ("Daily", "每日"),
    "Weekly": ("Weekly", "每周"),
    "Monthly": ("Monthly", "每月"),
    "Yearly": ("Yearly", "每年"),
    "First": ("first", "第一个"),
    "Second": ("second", "第二个"),
    "Third": ("third", "第三个"),
    "Fourth": ("fourth", "第四个"),
    "Last": ("last", "最后一个"),
    "Sunday": ("Sunday", "星期日"),
    "Monday": ("Monday", "星期一"),
    "Tuesday": ("Tuesday", "星期二"),
    "Wednesday": ("Wednesday", "星期三"),
    "Thursday": ("Thursday", "星期四"),
    "Friday": ("Friday", "星期五"),
    "Saturday": ("Saturday", "星期六"),
    "January": ("January", "一月"),
    "February": ("February", "二月"),
    "March": ("March", "三月"),
    "April": ("April", "四月"),
    "May": ("May", "五月"),
    "June": ("June", "六月"),
    "July": ("July", "七月"),
    "August": ("August", "八月"),
    "September": ("September", "九月"),
    "October": ("October", "十月"),
    "November": ("November", "十一月"),
    "December": ("December", "十二月"),
}
"""What is told, in English and Chinese; the names of days, months and rules among it."""


def lines(report: Json, language: str, on: date | None = None) -> Iterator[str]:
    """The report of `--json` as lines; with the recovery points at the end of a day, where one is named."""
    say = partial(word, language=language)
    yield say("title", policy=report["policy"], start=_minute(report["from"]), end=report["until"][:10])
    yield ""
    yield from _terms(report["policy_properties"], language)
    yield ""
    yield from _counts(report, language)
    yield ""
    yield from _rules(report, language)
    yield ""
    yield from _reach(report, language)
    yield ""
    yield from _points(report, language, on)
    yield ""
    yield from _findings(report, language)


def _terms(policy: Json, language: str) -> Iterator[str]:
    """What the policy says."""
    say = partial(word, language=language)
    rows = [(say("backup"), say("of_zone", when=_schedule(policy, language), zone=policy.get("timeZone") or "UTC"))]
    rows.append((say("snapshots"), say("snapshots_kept", days=policy["instantRpRetentionRangeInDays"])))
    for rule, key in RULES.items():
        if schedule := policy["retentionPolicy"].get(key):
            duration = schedule["retentionDuration"]
            unit = say(duration["durationType"])
            days = _days_of(rule, schedule, language)
            rows.append((say(rule), say("rule", days=days, count=duration["count"], unit=unit)))
    tiering = (policy.get("tieringPolicy") or {}).get("ArchivedRP") or {}
    if tiering.get("tieringMode") == "TierAfter":
        unit = say(str(tiering["durationType"]))
        rows.append((say("archive"), say("archive_after", count=tiering["duration"], unit=unit)))
    elif tiering.get("tieringMode") == "TierRecommended":
        rows.append((say("archive"), say("archive_recommended")))
    width = max(cell_len(name) for name, _ in rows) + 2
    for name, text in rows:
        for place, line in enumerate(_wrapped(text, COLUMNS - width)):
            yield _padded("" if place else name, width) + line


def _schedule(policy: Json, language: str) -> str:
    schedule, say = policy["schedulePolicy"], partial(word, language=language)
    frequency = schedule["scheduleRunFrequency"]
    if frequency == "Hourly":
        hourly = schedule["hourlySchedule"]
        interval, window = hourly["interval"], hourly["scheduleWindowDuration"]
        count = len(range(0, min(window, 23) + 1, interval))
        start = hourly["scheduleWindowStartTime"][11:16]
        return say("hourly", interval=interval, start=start, window=window, count=count)
    if schedule["schedulePolicyType"] == "SimpleSchedulePolicyV2":
        schedule = schedule["dailySchedule" if frequency == "Daily" else "weeklySchedule"]
    time = schedule["scheduleRunTimes"][0][11:16]
    if frequency == "Daily":
        return say("daily", time=time)
    return say("weekly", days=words(schedule["scheduleRunDays"], language), time=time)


def _days_of(rule: str, schedule: Json, language: str) -> str:
    """The days whose points a rule keeps."""
    say = partial(word, language=language)
    if rule == "Daily":
        return say("every_day")
    if rule == "Weekly":
        return words(schedule["daysOfTheWeek"], language)
    days = _days_of_month(schedule, language)
    if rule == "Monthly":
        return say("of_month", days=days)
    return say("of_year", days=days, months=words(schedule["monthsOfYear"], language))


def _days_of_month(schedule: Json, language: str) -> str:
    say = partial(word, language=language)
    if schedule.get("retentionScheduleFormatType") == "Weekly":
        weekly = schedule["retentionScheduleWeekly"]
        weeks, days = words(weekly["weeksOfTheMonth"], language), words(weekly["daysOfTheWeek"], language)
        return say("by_week", weeks=weeks, days=days)
    named = schedule["retentionScheduleDaily"]["daysOfTheMonth"]
    dates = [str(day["date"]) for day in named if not day.get("isLast")]
    parts = [say("by_date", dates=say("and").join(dates))] if dates else []
    parts += [say("last_day")] if any(day.get("isLast") for day in named) else []
    return say("and").join(parts)


def _counts(report: Json, language: str) -> Iterator[str]:
    say, days = partial(word, language=language), report["days"]
    yield say("counts")
    keys = ("recovery_points", "instant", "vault", "archive", "instant_gib", "vault_gib", "archive_gib")
    heads = [say(key) for key in ("day", "points", "instant", "vault", "archived", "instant", "vault", "archived")]
    units = ["", "", "", "", "", "GiB", "GiB", "GiB"]
    shown = sorted({*(place for place in LATER_DAYS if place < len(days)), len(days) - 1})
    rows = [(days[place]["day"], *(_number(days[place][key]) for key in keys)) for place in shown]
    most = (say("most"), *(_number(max(day[key] for day in days)) for key in keys))
    yield from _table([heads, units, *rows, most], (LEFT, *(RIGHT for _ in keys)))
    disk, percent = f"{report['disk_gib']:g}", f"{report['change_percent_per_day']:g}"
    yield say("counts_for", gib=disk, percent=percent)


def _rules(report: Json, language: str) -> Iterator[str]:
    say = partial(word, language=language)
    yield say("rules")
    rows = [
        (
            say(rule["rule"]),
            say("duration", count=rule["count"], unit=say(rule["unit"])),
            f"{rule['taken']:,}",
            f"{rule['decides']:,}",
        )
        for rule in report["rules"]
    ]
    heads = [say(key) for key in ("rule_name", "most_at_once", "taken", "decides")]
    yield from _table([heads, *rows], (LEFT, LEFT, RIGHT, RIGHT))


def _reach(report: Json, language: str) -> Iterator[str]:
    say = partial(word, language=language)
    yield say("reach")
    rows, reached = [], report["reach"]
    for place, reach in enumerate(reached):
        first, hours = reach["first_day"], reach["farthest_back_hours"]
        if not any(each["first_day"] for each in reached[place:]):
            days = str(reach["days_back"])
            rows.append((say("and_more", days=days) if reached[place + 1 :] else days, say("never"), "", ""))
            break
        far = say("days", days=f"{hours / 24:.1f}") if hours > 72 else say("hours", hours=_hours(hours))
        seen = (first, far, f"{reach['days_without']:,}") if first else (say("never"), "", "")
        rows.append((str(reach["days_back"]), *seen))
    heads = [say(key) for key in ("days_back", "first_day", "farthest", "without")]
    yield from _table([heads, *rows], (LEFT, LEFT, RIGHT, RIGHT))


def _points(report: Json, language: str, on: date | None) -> Iterator[str]:
    say, points = partial(word, language=language), report["recovery_points"]
    if on is None:
        yield say("calendar")
        shown = points[:FIRST_POINTS]
    else:
        yield say("calendar_on", day=on)
        end = _end_of(report, on)
        shown = [point for point in points if _is_there(point, end)]
    if not shown:
        yield f"  {say('none')}"
        return
    heads = [say(key) for key in ("taken_at", "kept_by", "kept_until", "snapshots_until", "archived_at")]
    yield from _table([heads, *(_point(point, language) for point in shown)], (LEFT,) * len(heads))
    left = len(points) - len(shown)
    if on is None and left:
        yield f"  {say('more', count=f'{left:,}', end=report['until'][:10])}"


def _point(point: Json, language: str) -> tuple[str, ...]:
    kept_by = " ".join(word(f"by_{rule}", language) for rule in point["rules"]) or word("no_rule", language)
    if not point["in_vault"]:
        kept_by = word("instant_only", language)
    days = (point[key] for key in ("expires", "snapshots_until", "archived"))
    return (_minute(point["time"]), kept_by, *(day[:10] if day else "" for day in days))


def _end_of(report: Json, on: date) -> datetime:
    days = report["days"]
    for day in days:
        if day["day"] == on.isoformat():
            return datetime.fromisoformat(day["end"])
    raise WrongUse(f"the forecast has no day {on}; name one from {days[0]['day']} to {days[-1]['day']}")


def _is_there(point: Json, end: datetime) -> bool:
    removed = point["removed"]
    return datetime.fromisoformat(point["time"]) < end and (not removed or datetime.fromisoformat(removed) >= end)


def _findings(report: Json, language: str) -> Iterator[str]:
    say = partial(word, language=language)
    yield say("findings")
    for finding in report["findings"]:
        for place, line in enumerate(_wrapped(texts.detail(finding["detail"], language), COLUMNS - 4)):
            yield ("    " if place else "  - ") + line
    if not report["findings"]:
        yield f"  {say('no_findings')}"
    yield f"  {say('gap', hours=_hours(report['longest_gap_hours']))}"


def _table(rows: Sequence[Sequence[str]], left: Sequence[bool]) -> Iterator[str]:
    """Columns as wide as their widest cell, two blanks apart; a Chinese character is two columns wide."""
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(left))]
    for row in rows:
        cells = (_padded(*each) for each in zip(row, widths, left, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of so many columns. Chinese may be broken behind every character."""
    lines = [""]
    for piece in re.findall(r"[\x00-\u2fff]+?(?: |$|(?=[^\x00-\u2fff]))|.", text):
        if cell_len(lines[-1] + piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece
    return lines


def _padded(text: str, width: int, left: bool = LEFT) -> str:
    blanks = " " * (width - cell_len(text))
    return text + blanks if left else blanks + text


def _number(number: float) -> str:
    return f"{number:,.1f}" if isinstance(number, float) else f"{number:,}"


def _hours(hours: float) -> str:
    return f"{round(hours, 1):g}"


def _minute(instant: str) -> str:
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M}"


def word(key: str, language: str, **values: object) -> str:
    return as_called(LABELS[key][texts.LANGUAGES.index(language)].format(**values))


def words(keys: Sequence[str], language: str) -> str:
    return word("and", language).join(word(key, language) for key in keys)
