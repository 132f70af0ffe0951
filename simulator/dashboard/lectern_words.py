"""The words of the lectern in English and Chinese."""

from __future__ import annotations

LECTERN_WORDS: dict[str, tuple[str, str]] = {
    "lectern": ("Lectern", "讲台"),
    "lectern_how": (
        "Jobs can wait, or rest, at their borders: before each step, and before the handler's command. None lies in a "
        "freeze, which VSS ends by itself after ten seconds; a job's picture replays it slowly.",
        "作业可以在其边界处等待或停留：每个步骤之前，以及处理程序的命令之前。边界都不在冻结期间，"
        "因为 VSS 会在十秒后自行解冻；作业的图形可以慢速重放冻结过程。",
    ),
    "mode_run": ("Jobs run as fast as they can.", "作业全速运行。"),
    "mode_slow": ("Jobs rest for {seconds} s at each border.", "作业在每个边界停留 {seconds} 秒。"),
    "mode_step": ("Jobs wait at each border to be let on.", "作业在每个边界等待放行。"),
    "lectern_at": ("Waits before:", "等待位置："),
    "at_no_border": ("nothing", "无"),
    "pause_jobs": ("Pause at borders", "在边界处暂停"),
    "one_border": ("One step", "单步"),
    "slow_jobs": ("Slow motion", "慢动作"),
    "run_jobs": ("Run on", "继续运行"),
    "waiting_jobs": ("Jobs that wait", "等待中的作业"),
    "no_waiting_jobs": ("No job waits at a border.", "没有作业在边界等待。"),
    "stories": ("Told stories", "故事"),
    "stories_how": (
        "A story is acted in this world, which has to be empty. It waits after each sentence: go on, or let it run.",
        "故事就在此环境中上演，因此环境必须为空。每句话之后都会等待；可以单步继续，也可以让它自行进行。",
    ),
    "tell_it": ("Tell", "讲述"),
    "minutes": ("minutes", "分钟"),
    "next_sentence": ("Next", "下一句"),
    "pause_story": ("Pause", "暂停"),
    "resume_story": ("Go on, with time to read", "继续，留出阅读时间"),
    "fast_story": ("Go on without pauses", "不停顿地继续"),
    "end_story": ("End the story", "结束故事"),
    "story_telling": ("being told", "讲述中"),
    "story_waits": ("waits", "等待中"),
    "story_told": ("told to its end", "已讲完"),
    "story_broken": ("not told to its end", "未讲完"),
    "story_stopped": ("stopped", "已停止"),
    "not_empty": (
        "This world is not empty. A story can be told once everything in it is deleted.",
        "此环境不为空。删除其中的全部内容后才能讲述故事。",
    ),
    "empty_world": ("Delete everything in this world", "删除此环境中的全部内容"),
}
