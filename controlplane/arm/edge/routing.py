"""Which code answers which path: the table of all ARM operations, found without regard to case.

An ARM path alternates keywords and names: `subscriptions/<id>/resourceGroups/<name>/providers/<namespace>/<type>/...`.
So the keywords alone, in lower case, find the operation in one look into a dictionary, however many there are; of the
few that share them the namespace tells which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.arm.edge.paths import operation_name as operation_name
from controlplane.arm.edge.paths import split as split
from controlplane.domain import errors

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{group}}"

_ANY = "*"
_ODD = "{}"
"""A name at the end where a keyword belongs, as in `backupJobs/operationResults/<id>`."""
_MANAGEMENT = "Microsoft.Resources/"
"""Types that manage resources and are none themselves: no list of resources shows them."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: a verb on a path template in the documented spelling, and the code that answers it."""

    method: str
    path: str
    run: Callable[[Call], Answer]
    blocks: bool = True
    """Whether it runs in a thread. Reads from the store alone are quick enough to be answered by the event loop."""
    body: type[RequestBody] | None = None
    """What a request's body is read as; None: there is none, or it is not looked at."""
    codes: tuple[int, ...] = ()
    """Statuses of success, as the service documents them; without any, those usual for the verb."""
    unfinished: Callable[[Call], bool] | None = None
    """Whether the client waits for something that has not happened: then the answer is held back for a while."""
    check_alone: Callable[[Call], None] | None = None
    """Refuses a request for what can be seen in it alone, while what it depends on does not exist yet."""

    @property
    def successes(self) -> tuple[int, ...]:
        """Statuses of success; none where it is refused."""
        return () if self.is_refused else self.codes or USUAL_CODES[self.method]

    @property
    def is_refused(self) -> bool:
        return self.run.__module__ == __name__


USUAL_CODES = {
    "GET": (200,),
    "HEAD": (204,),
    "PUT": (200, 201),
    "PATCH": (200,),
    "POST": (200,),
    "DELETE": (200, 202, 204),
}


def reading(path: str, run: Callable[[Call], Answer], codes: tuple[int, ...] = ()) -> Route:
    return Route("GET", path, run, blocks=False, codes=codes)


def refused(method: str, path: str) -> Route:
    """An operation that Azure has here and this service does not."""

    def refuse(call: Call) -> Answer:
        raise errors.operation_not_simulated(operation_name(method, split(path)))

    return Route(method, path, refuse, blocks=False)


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """What a path leads to: its names, its id in the documented spelling, and the operations there."""

    id: str
    names: Mapping[str, str]
    routes: Mapping[str, Route]


class Table:
    """All operations. Two templates with the same keywords and namespaces must be the same template."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._templates: dict[tuple[str, ...], list[_Template]] = {}
        for route in self.routes:
            new = _Template(split(route.path))
            alike = self._templates.setdefault(new.keywords, [])
            template = next((each for each in alike if each.fixed == new.fixed), new)
            if template is new:
                alike.append(new)
                alike.sort(key=lambda each: -len(each.fixed))
            same = template.segments == new.segments
            assert same, f"{route.path} cannot be told from /{'/'.join(template.segments)}"
            assert route.method not in template.routes, f"{route.method} {route.path} stands twice"
            template.routes[route.method] = route

    def find(self, segments: Sequence[str]) -> RouteMatch | None:
        lowered = [segment.lower() for segment in segments]
        words = _words(lowered)
        candidates = self._templates.get(words, [])
        if len(segments) % 2:
            candidates = candidates + self._templates.get((*words[:-1], _ODD), [])
        return next((each.place(segments) for each in candidates if each.fits(lowered)), None)

    def misnamed(self, segments: Sequence[str]) -> str | None:
        """The keyword behind which a path has another name than the only one there is; None where it has none such."""
        lowered = [segment.lower() for segment in segments]
        for each in self._templates.get(_words(lowered), []):
            wrong = [index for index, word in each.fixed if lowered[index] != word]
            if wrong and all(lowered[index - 1] != "providers" for index in wrong):
                return each.segments[wrong[0] - 1]
        return None


class _Template:
    """A path template, taken apart. `names` and `fixed` come with their indexes; `fixed` is what is written out where a
    name belongs, as namespaces are."""

    def __init__(self, segments: list[str]) -> None:
        self.segments = segments
        self.routes: dict[str, Route] = {}
        self.keywords = _words([_keyword(segment) for segment in segments])
        self.names = [(index, each[1:-1]) for index, each in enumerate(segments) if each[0] == "{"]
        self.fixed = [(index, each.lower()) for index, each in enumerate(segments) if index % 2 and each[0] != "{"]

    def fits(self, lowered: Sequence[str]) -> bool:
        """Whether it is that of a path with the same keywords."""
        return all(lowered[index] == word for index, word in self.fixed)

    def place(self, segments: Sequence[str]) -> RouteMatch:
        spelt, names = self.segments.copy(), {}
        for index, name in self.names:
            names[name] = spelt[index] = segments[index]
        return RouteMatch("/" + "/".join(spelt), names, self.routes)


def _words(lowered: Sequence[str]) -> tuple[str, ...]:
    """Every other segment, and whether a name stands behind the last one."""
    return tuple(lowered[::2]) if len(lowered) % 2 else (*lowered[::2], _ANY)


def keywords(path: str) -> tuple[str, ...]:
    """What identifies a path template: keywords in lower case, names as `*`; a namespace with something behind it is a
    keyword, unless a parameter. Two that are the same lead to the same place."""
    segments = split(path)
    key = [_ANY if index % 2 else _keyword(segment) for index, segment in enumerate(segments)]
    for index in range(1, len(segments) - 1, 2):
        if key[index - 1] == "providers" and segments[index][0] != "{":
            key[index] = segments[index].lower()
    return tuple(key)


def group_resources(routes: Iterable[Route]) -> list[str]:
    """The paths of the resources that lie directly in a group, in the order of the table."""
    paths = (route.path for route in routes if route.method == "PUT" and route.path.startswith(f"{GROUP}/providers/"))
    return [path for path in paths if len(split(path)) == 8 and not type_of(path).startswith(_MANAGEMENT)]


def type_of(path: str) -> str:
    """The full type of the resource at a path or path template, for instance `Microsoft.Compute/disks`."""
    segments = split(path.rpartition("/providers/")[2])
    return "/".join([segments[0], *segments[1::2]])


def _keyword(segment: str) -> str:
    return _ODD if segment[0] == "{" else segment.lower()
