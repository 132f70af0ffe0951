"""The stories that come with the program, and those of a user's own files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simulator.failures import WrongUse
from simulator.stories.reading import LONGEST_TEXT, Story, read

FOLDER = Path(__file__).parent / "library"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def text(name: str) -> str:
    """The text of a story that comes with the program. WrongUse for any other name."""
    if name not in NAMES:
        raise WrongUse(f"no story is called {name}; backupsim scenario list shows those that there are")
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def story(name: str) -> Story:
    return read(text(name), name)


def find(name_or_file: str) -> Story:
    """A story by its name, or of a file. WrongUse where there is none, StoryMistake where it is none."""
    if name_or_file in NAMES:
        return story(name_or_file)
    path = Path(name_or_file)
    if not path.is_file():
        return story(name_or_file)
    with path.open("rb") as file:
        content = file.read(4 * LONGEST_TEXT + 1)
    try:
        return read(content.decode("utf-8"), path.name)
    except UnicodeDecodeError:
        raise WrongUse(f"{path} is no text in UTF-8; write the story in a text file") from None
