"""The page of coverage: every ARM operation as simulated or refused, what else is answered, and the choices of ours."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.routing import BaseRoute
from starlette.routing import Route as OpenRoute

from controlplane.arm.app import all_routes
from controlplane.arm.edge import routing, unsimulated
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, keywords, operation_name, split
from controlplane.arm.insights import diagnostic_settings
from controlplane.arm.sign_in import cloud, sign_in
from controlplane.arm.sign_in.aad import Identity, Tokens
from controlplane.domain import errors
from controlplane.domain.compute.extension_catalogue import INERT, OTHERS
from docs.generator import request_keys, source
from docs.generator.choices import SERVICE, Choice
from docs.generator.clock_choices import CLOCK
from docs.generator.errors import our_codes
from docs.generator.machine_choices import GUEST, HANDLER
from docs.generator.markdown import code, page, section, table
from docs.generator.monitor_choices import MONITORING, query_language
from docs.generator.vault_choices import VAULTS
from simulator.host import wireserver


def text() -> str:
    return page(
        "Coverage",
        "What is there, what is refused, and what we chose where Azure keeps its ways to itself. Nothing is refused in "
        f"silence: a refusal is status {errors.operation_not_simulated('').status} with the code "
        f"{code(errors.operation_not_simulated('').code)} and the operation's name.",
        _operations(),
        *map(_sdk, unsimulated.sdks()),
        _features(),
        query_language(),
        request_keys.text(),
        _extensions(),
        _sign_in(),
        _wire(),
        _choices(),
    )


def every_route() -> tuple[Route, ...]:
    """Without those that stand below each resource alike: they show on subscription and group what they do."""
    return tuple(route for route in all_routes() if not _is_everywhere(route.path))


def _is_everywhere(path: str) -> bool:
    above, _, below = path.rpartition("/providers/")
    return "/providers/" in above and below.startswith(("Microsoft.Authorization/", diagnostic_settings.TYPE))


def is_refused(route: Route) -> bool:
    """Refusals are answered by the table of routes itself."""
    return route.run.__module__ == routing.__name__


def _operations() -> str:
    routes = every_route()
    simulated = sum(not is_refused(route) for route in routes)
    places: dict[str, dict[str, list[Route]]] = {}
    for route in routes:
        namespace = operation_name("", split(route.path)).strip().partition("/")[0]
        namespace = "Microsoft.Resources" if namespace.startswith("{") else namespace
        places.setdefault(namespace, {}).setdefault(route.path, []).append(route)
    return section(
        "ARM operations",
        f"{simulated} are simulated and {len(routes) - simulated} refused. What is not here is refused too: what "
        "Azure has by its name, a type or namespace that it has not as its own 404, and a verb that nobody has by "
        "naming those that there are. Every well-formed `api-version` is served, by the newest behaviour; only a "
        "cloud's endpoints, "
        "a job's actions, the validation of a restore and the deletion of a vault are as each version has them.",
        *(part for namespace in sorted(places) for part in _namespace(namespace, places[namespace])),
    )


def _namespace(namespace: str, places: Mapping[str, Sequence[Route]]) -> Iterator[str]:
    rows = []
    for path, routes in sorted(places.items()):
        scope, below = _scope(path)
        below = below.removeprefix(f"providers/{namespace}/")
        simulated = ", ".join(route.method for route in routes if not is_refused(route))
        refused = ", ".join(route.method for route in routes if is_refused(route))
        rows.append((scope, code(below), simulated, refused))
    yield f"### {namespace}"
    yield table(("in", "path", "simulated", "refused"), rows)


def _sdk(sdk: unsimulated.Sdk) -> str:
    """Each operation that the SDK knows, measured by the table of routes."""
    refused = {(route.method, keywords(route.path)) for route in all_routes() if is_refused(route)}
    missing = [(each.verb, keywords(each.path)) in refused for each in sdk.operations]
    rows = [
        (each.group or "the client", each.name, code(f"{each.verb} {_tail(each.path)}"), "refused" if gone else "done")
        for each, gone in zip(sdk.operations, missing, strict=True)
    ]
    return section(
        f"Operations of {sdk.name}",
        f"Version {sdk.version}, api-version {sdk.api_version}: {missing.count(False)} of {len(missing)} are done.",
        table(("group", "operation", "request", "here"), rows),
    )


def _tail(path: str) -> str:
    """What comes behind the namespace: the part that tells one operation from another."""
    return path.rpartition("/providers/Microsoft.RecoveryServices/")[2]


def _scope(path: str) -> tuple[str, str]:
    """Where a path begins, in a word, and the rest of it."""
    for word, prefix in (("group", f"{GROUP}/"), ("subscription", f"{SUBSCRIPTION}/")):
        if path.startswith(prefix):
            return word, path.removeprefix(prefix)
    return "tenant", path.removeprefix("/")


def _features() -> str:
    """What simulated operations refuse inside: the arguments of operation_not_simulated that are plain words."""
    refused: dict[str, str] = {}
    for path in source.files("controlplane"):
        for node in ast.walk(source.tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "errors.operation_not_simulated":
                said = node.args[0]
                if isinstance(said, ast.Constant | ast.JoinedStr):
                    refused[_words(said)] = source.module_path(path)
    rows = [(said, code(module)) for said, module in sorted(refused.items())]
    return section("Refused inside simulated operations", table(("what", "where"), rows))


def _words(node: ast.Constant | ast.JoinedStr) -> str:
    parts = [node] if isinstance(node, ast.Constant) else node.values
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


def _sign_in() -> str:
    identity = Identity(client_secret="", signing_key=_signing_key())
    routes = (*cloud.open_routes(), *sign_in.open_routes(Tokens(identity)))
    return section(
        "Before signing in",
        "Answered without a token: the endpoints of this cloud, and the sign-in of Microsoft Entra ID.",
        table(("verb", "path"), [(verb, code(path)) for verb, path in answered(routes)]),
    )


def _signing_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def answered(routes: Iterable[BaseRoute]) -> list[tuple[str, str]]:
    """Verb and path of what an application or a part of it answers; HEAD goes with every GET."""
    return [
        (verb, route.path)
        for route in routes
        if isinstance(route, OpenRoute)
        for verb in sorted((route.methods or set()) - {"HEAD"})
    ]


def _extensions() -> str:
    rows = [
        (code(f"{each.publisher}.{each.type}"), each.os_type, ", ".join(each.versions), each.purpose)
        for each in sorted(INERT, key=lambda each: f"{each.publisher}.{each.type}".lower())
    ]
    others = ", ".join(sorted(code(f"{each.publisher}.{each.type}") for each in OTHERS))
    return section(
        "Extensions of virtual machines",
        "A handler whose package a world publishes is run in the guest. These common ones are installed **without "
        "effect**: kept, shown as Succeeded, and their instance view says that nothing was run. Any minor version will "
        "do. `up --no-inert-extensions` refuses them by name.",
        table(("handler", "system", "versions listed", "what it does in Azure, and not here"), rows),
        f"Listed as images, and refused by name, also in a template before anything of it is made: {others}.",
    )


def _wire() -> str:
    # The table is the module's own affair, and the one truth about what it answers.
    rows = [(method, code(path)) for method, path in wireserver._ROUTES]
    return section(
        "The wire server",
        "What a guest reaches at 168.63.129.16, as the guest agent's protocol has it; a real agent works with it. The "
        "[bridge](contract.md#bridge) comes on top. All else gets a 404, which an agent takes for an older host.",
        table(("verb", "path"), rows),
    )


def _choices() -> str:
    return section(
        "Choices",
        "**Error codes that are ours.** They are shaped like the service's.",
        table(("code", "the service's own"), [(code(name), why) for name, why in our_codes().items()]),
        "**The service**",
        _chosen((*SERVICE, *VAULTS, *CLOCK)),
        "**What monitors read**",
        _chosen(MONITORING),
        "**The handler.** The Windows extension is closed source; where it is silent we look at its published Linux "
        "sibling.",
        _chosen(HANDLER),
        "**The guest**",
        _chosen(GUEST),
    )


def _chosen(choices: Sequence[Choice]) -> str:
    for choice in choices:
        assert (source.ROOT / choice.module).is_file(), f"{choice.module} decides nothing any more"
    rows = [(choice.about, choice.here, choice.elsewhere, code(choice.module)) for choice in choices]
    return table(("about", "here", "elsewhere", "decided in"), rows)
