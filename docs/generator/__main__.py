"""`python -m docs.generator`: writes every generated page anew."""

from __future__ import annotations

from docs.generator.pages import FOLDER, PAGES

if __name__ == "__main__":
    for name, text in PAGES.items():
        (FOLDER / name).write_text(text(), encoding="utf-8", newline="\n")
