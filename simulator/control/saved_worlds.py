"""The routes of the control API for saved worlds: save this one, fork, list and delete saved ones, carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Body, FastAPI
from fastapi.responses import JSONResponse

from controlplane.json_object import Json
from simulator.failures import WrongUse, is_of_full_disk
from simulator.saved_worlds import contents
from simulator.saved_worlds.library import Library, user_library


@dataclass(frozen=True)
class SavedWorldControls:
    save: Callable[[Path, str], None]
    """This world into a new folder, to be called so."""
    go_back: Callable[[Path], None] | None
    """Has this world begin anew with a saved one, soon; None: whoever runs it does not do that."""

    def library(self, folder: str | None) -> Library:
        """The saved worlds of this machine's folder; None: those of the user who runs this world."""
        if folder is not None and not _path(folder).is_absolute():
            raise WrongUse(f"{folder} is no absolute path; name the folder of saved worlds by one")
        return Library(Path(folder) if folder is not None else user_library(), lambda: datetime.now(UTC))

    def begin_again(self, library: Library, name: str) -> None:
        """WrongUse where the saved world is not whole, or this one cannot begin anew."""
        saved = library.find(name)
        contents.check(saved)
        if self.go_back is None:
            raise WrongUse("this world cannot go back while it runs; fork the saved one instead")
        self.go_back(saved)


def add(app: FastAPI, saved_worlds: Callable[[], SavedWorldControls]) -> None:
    """The routes; `saved_worlds` is asked at each request."""

    @app.get("/worlds")
    def listed(library: str | None = None) -> Json:
        worlds = saved_worlds().library(library)
        with _named():
            saved, left_over = ([each.to_json() for each in found] for found in (worlds.list(), worlds.left_over()))
        return {"library": str(worlds.folder), "worlds": saved, "left_over": left_over}

    @app.post("/worlds/save")
    def save(name: Annotated[str, Body()], library: Annotated[str | None, Body()] = None) -> Json:
        controls = saved_worlds()
        with _named():
            return controls.library(library).save(name, lambda target: controls.save(target, name)).to_json()

    @app.post("/worlds/restore")
    def restore(name: Annotated[str, Body()], library: Annotated[str | None, Body()] = None) -> JSONResponse:
        """Answers when it is sure to be done; then this world ends, and begins anew at the same addresses."""
        controls = saved_worlds()
        with _named():
            controls.begin_again(controls.library(library), name)
        return JSONResponse({"name": name}, 202)

    @app.post("/worlds/fork")
    def fork(
        name: Annotated[str, Body()], state: Annotated[str, Body()], library: Annotated[str | None, Body()] = None
    ) -> Json:
        if not _path(state).is_absolute():
            raise WrongUse(f"{state} is no absolute path; name the folder of the new world by one")
        with _named():
            return {"name": name, "state": str(saved_worlds().library(library).fork(name, Path(state)))}

    @app.post("/worlds/delete")
    def delete(name: Annotated[str, Body()], library: Annotated[str | None, Body()] = None) -> Json:
        with _named():
            saved_worlds().library(library).delete(name)
        return {"name": name}

    _add_files(app, saved_worlds)


def _add_files(app: FastAPI, saved_worlds: Callable[[], SavedWorldControls]) -> None:
    @app.post("/worlds/export")
    def export(
        name: Annotated[str, Body()], file: Annotated[str, Body()], library: Annotated[str | None, Body()] = None
    ) -> Json:
        with _named():
            size = saved_worlds().library(library).export(name, _file(file))
        return {"name": name, "file": file, "size_bytes": size}

    @app.post("/worlds/import")
    def take_in(
        file: Annotated[str, Body()],
        name: Annotated[str | None, Body()] = None,
        library: Annotated[str | None, Body()] = None,
    ) -> Json:
        with _named():
            return saved_worlds().library(library).take_in(_file(file), name).to_json()


def _file(path: str) -> Path:
    if not _path(path).is_absolute():
        raise WrongUse(f"{path} is no absolute path; name the file by one")
    return Path(path)


def _path(text: str) -> Path:
    """WrongUse for a text that names nothing in any file system."""
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair, as JSON can write it
        text = "\0"
    if "\0" in text:
        raise WrongUse("a path has no zero and no half of a character; name another one")
    return Path(text)


@contextmanager
def _named() -> Iterator[None]:
    """What a file system says of a path that a request names is wrong use, but for a full disk."""
    try:
        yield
    except OSError as problem:
        if problem.filename is None or is_of_full_disk(problem):
            raise
        raise WrongUse(f"{problem.filename} cannot be used ({problem.strerror}); name another path") from None
