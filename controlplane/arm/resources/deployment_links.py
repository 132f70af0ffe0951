"""Linked templates and parameter files: blobs of this world's own storage, read before a deployment is checked.

The storage is asked as a stranger would ask it: with the SAS of the link, or with nothing. No other address is ever
requested. What nested deployments link to, as far as it is known beforehand, is put into their bodies, so that neither
the preflight nor the job asks the storage for it, and no signature is stored. Each body says how deep it lies and how
many further links it may follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from controlplane.arm.edge.call import Call, RequestBody
from controlplane.domain import errors
from controlplane.domain.errors.resources import CONTENT_LINK_WITHOUT_HOST, INVALID_CONTENT_LINK, INVALID_TEMPLATE
from controlplane.domain.resources import deployment
from controlplane.domain.storage.storage_account import own_address
from controlplane.json_object import Json
from controlplane.ports import Blob, BlobConflict, BlobNotFound, BlobRefused
from controlplane.templates.language.limits import LARGEST_TEMPLATE
from controlplane.templates.language.printer import escaped
from controlplane.templates.language.values import find_key
from controlplane.templates.relaxed_json import to_json
from controlplane.templates.source import Source

if TYPE_CHECKING:
    from controlplane.templates.planner import Resource, TemplatePlan

MOST_BYTES = LARGEST_TEMPLATE
"""Of a template or parameter file, and of all that one template links to."""
DEEPEST = 5
MOST_LINKS = 100
"""That a deployment may follow, with those of the templates that it links to."""

LINKED = "linkedFrom"
"""Key of a nested deployment's properties by which the deployment around it passes a Place on."""


class ParametersLinkRequest(RequestBody):
    uri: str | None = None
    content_version: str | None = None


class LinkRequest(ParametersLinkRequest):
    id: str | None = None
    relative_path: str | None = None
    query_string: str | None = None


class Place(RequestBody):
    """Where a nested deployment stands. The deployment around it says so, and no client can."""

    uri: str = ""
    query: str = ""
    depth: int = 0
    left: int = MOST_LINKS


@dataclass(frozen=True, slots=True)
class Content:
    """What a deployment is made from, wherever its parts came from."""

    template: Json
    parameters: Json = field(repr=False)
    source: Source
    template_link: Json
    """As it is shown: without a signature. Empty where there is none."""
    parameters_link: Json
    query: str = field(default="", repr=False)
    """What is added to the address of a template that is named by a path beside this one."""

    def shown(self) -> Json:
        links = {"templateLink": self.template_link, "parametersLink": self.parameters_link}
        return {name: link for name, link in links.items() if link}


class LinkedRequest(RequestBody):
    """The part of a deployment's properties that says where its template and parameters are."""

    template: dict[str, Any] | None = None
    template_link: LinkRequest | None = None
    parameters: dict[str, Any] | None = None
    parameters_link: ParametersLinkRequest | None = None


def place_of(call: Call, text: str) -> Place:
    """Where the deployment of this request stands: at the top if a client sent it, whatever it says of that."""
    if call.headers:  # A request that another operation makes has none.
        return Place()
    properties = json.loads(text).get("properties") or {}
    return Place.model_validate(properties.get(LINKED) or {})


def read_content(call: Call, request: LinkedRequest, place: Place, source: Source) -> Content:
    """Template and parameters of the request, read from the storage where it links to them.

    InvalidContentLink for what cannot be read, InvalidTemplate for what is no JSON, a 501 for what lies elsewhere."""
    template, link = request.template, request.template_link
    link_body: Json = {}
    if link is not None and template is None:
        text, link_body = _read(call, link, place)
        template, source = parsed(text), Source(text)
    elif link is not None and not place.depth:
        raise errors.invalid_content("a deployment has a template or a templateLink, not both")
    elif link is not None:
        link_body = {"uri": _bare(link.uri or "")}
    if template is None:
        raise errors.invalid_content("the template of a deployment must be an object")
    parameters, of_parameters = _parameters(call, request, place)
    query = (link.query_string if link else None) or place.query
    return Content(template, parameters, source, link_body, of_parameters, query)


def _parameters(call: Call, request: LinkedRequest, place: Place) -> tuple[Json, Json]:
    link = request.parameters_link
    if link is None:
        return request.parameters or {}, {}
    if request.parameters and place.depth:
        return request.parameters, {"uri": _bare(link.uri or "")}
    if request.parameters:
        raise errors.invalid_content("a deployment has parameters or a parametersLink, not both")
    text, link_body = _read(call, LinkRequest.model_validate(link.model_dump(by_alias=True)), Place())
    return _values(parsed(text)), link_body


def _values(file: Json) -> Json:
    """The values in a parameter file."""
    values = file.get("parameters", file)
    if not isinstance(values, dict):
        raise INVALID_TEMPLATE.error(reason="Deployment template parse failed: 'the parameters must be an object'.")
    return values


def _read(call: Call, link: LinkRequest, place: Place) -> tuple[str, Json]:
    """The text that a link leads to, and the link as it is shown."""
    if link.id:
        raise errors.operation_not_simulated("a templateLink to a template spec")
    try:
        uri = link.uri or (urljoin(place.uri, link.relative_path) if link.relative_path and place.uri else "")
        parts, bare = urlsplit(uri), _bare(uri)
    except ValueError:  # a host in brackets that is none
        raise CONTENT_LINK_WITHOUT_HOST.error(uri="") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CONTENT_LINK_WITHOUT_HOST.error(uri=bare or link.relative_path or "")
    query = parts.query or (link.query_string or "" if link.uri else place.query).removeprefix("?")
    blob = _blob(call, bare, parts)
    try:
        text = call.ports.blobs.fetch(blob, query, MOST_BYTES).decode("utf-8-sig")
    except (BlobNotFound, BlobRefused, BlobConflict, UnicodeDecodeError):
        raise INVALID_CONTENT_LINK.error(uri=bare, tracking_id=call.new_guid()) from None
    version = parsed(text).get("contentVersion")
    if link.content_version and link.content_version != version:
        raise INVALID_TEMPLATE.error(
            reason=f"The content version '{link.content_version}' of the link '{bare}' does not match '{version}' of "
            "what it leads to."
        )
    return text, {"uri": bare} | ({"contentVersion": version} if version else {})


def _blob(call: Call, bare: str, parts: SplitResult) -> Blob:
    """The blob of this world that an address means; by its host here, or by the one that it would have in Azure."""
    own = urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, "", ""))
    try:
        blobs = call.ports.blobs
        blob = blobs.parse(own_address(own, blobs.account_url))
        blobs.account_key(blob.account)
    except (ValueError, BlobNotFound):
        raise errors.operation_not_simulated(
            f"a link to '{bare}', which is no blob of a storage account of this world and is therefore not requested,"
        ) from None
    return blob


def _bare(uri: str) -> str:
    """The address without what may be secret: a query, a fragment, a user."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def parsed(text: str) -> Json:
    """A template file, which may be JSON with comments. InvalidTemplate when it is no object."""
    try:
        try:
            content = json.loads(text)
        except ValueError:
            content = json.loads(to_json(text))
    except (ValueError, RecursionError) as problem:
        reason = str(problem) if isinstance(problem, ValueError) else "it is nested too deeply"
        raise INVALID_TEMPLATE.error(reason=f"Deployment template parse failed: '{reason}'.") from None
    if not isinstance(content, dict):
        raise INVALID_TEMPLATE.error(reason="Deployment template parse failed: 'it must be an object'.")
    return content


# -------------------------------------------------------------------------------------------------- nested deployments


def inlined(call: Call, planned: TemplatePlan, content: Content, place: Place) -> TemplatePlan:
    """The plan with what its nested deployments link to in their bodies. A link that depends on another resource stays,
    and is read when that resource is there."""
    nested = [each for each in planned.resources if each.type.lower() == deployment.KIND]
    links = sum(1 for each in nested if _links_of(each))
    depth, left = place.depth, place.left - links
    if links and depth >= DEEPEST:
        raise INVALID_TEMPLATE.error(reason=f"Linked templates are nested more than {DEEPEST} levels deep.")
    if links and left < 0:
        raise INVALID_TEMPLATE.error(reason=f"The deployment follows more than {MOST_LINKS} links to templates.")
    if not nested:
        return planned
    here = Place(uri=content.template_link.get("uri", place.uri), query=content.query)
    below = {"depth": depth + 1, "left": left // len(nested)} if links or depth else {}
    bodies = {each.id: body for each, body in _bodies(call, nested, here, below)}
    return replace(
        planned, resources=tuple(replace(each, body=bodies.get(each.id, each.body)) for each in planned.resources)
    )


def _bodies(
    call: Call, nested: Sequence[Resource], here: Place, below: Mapping[str, int]
) -> Iterator[tuple[Resource, Json]]:
    size = 0
    for each in nested:
        section = find_key(each.body, "properties") or "properties"
        properties = {key: value for key, value in each.body[section].items() if key.lower() != LINKED.lower()}
        if below:
            texts = _put_in(call, properties, here)
            size += sum(map(len, texts))
            if size > MOST_BYTES:
                raise INVALID_TEMPLATE.error(reason=f"The linked templates are larger than {MOST_BYTES} characters.")
            needs_query = here.query and "relativepath" in json.dumps(properties).lower()
            link = properties.get("templateLink") or {}
            uri = link.get("uri", here.uri) if texts else here.uri
            properties[LINKED] = {**below, "uri": uri, "query": escaped(here.query) if needs_query else ""}
        yield each, {**each.body, section: properties}


def _put_in(call: Call, properties: Json, here: Place) -> list[str]:
    """Replace the links by what they lead to, and keep them as they are shown. The texts that were read."""
    texts: list[str] = []
    for name, place in (("template", here), ("parameters", Place())):
        key = find_key(properties, f"{name}Link")
        given = properties.get(key) if key else None
        if key is None or not isinstance(given, dict) or _is_late(given):
            continue
        if find_key(properties, name) and properties[find_key(properties, name) or name]:
            raise errors.invalid_content(f"a deployment has {name} or a {name}Link, not both")
        if not all(each is None or isinstance(each, str) for each in given.values()):
            raise errors.invalid_content(f"the values of a {name}Link must be texts")
        text, link_body = _read(call, LinkRequest.model_validate(given), place)
        texts.append(text)
        content = parsed(text)
        del properties[key]
        properties[f"{name}Link"] = escaped(link_body)
        properties[name] = escaped(_values(content) if name == "parameters" else content)
        if name == "template":
            properties["expressionEvaluationOptions"] = {"scope": "inner"}
    return texts


def _links_of(resource: Resource) -> list[str]:
    properties = resource.body.get(find_key(resource.body, "properties") or "") or {}
    return [key for key in ("templateLink", "parametersLink") if properties.get(find_key(properties, key) or "")]


def _is_late(link: Json) -> bool:
    return any(isinstance(each, str) and each.startswith("[") and not each.startswith("[[") for each in link.values())
