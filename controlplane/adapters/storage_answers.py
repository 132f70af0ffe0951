"""What the blob storage answers and is sent, as XML and headers, for the requests that are made without its library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from typing import Literal
from urllib.parse import unquote
from xml.etree import ElementTree

from controlplane.domain.spans import Span
from controlplane.ports import BlobProperties

METADATA = "x-ms-meta-"


def properties_of(headers: Message) -> BlobProperties:
    """What the headers of an answer say of a blob."""
    kind: Literal["page", "block"] = "page" if headers.get("x-ms-blob-type") == "PageBlob" else "block"
    metadata = {name[len(METADATA) :]: value for name, value in headers.items() if name.lower().startswith(METADATA)}
    return BlobProperties(kind, int(headers.get("content-length") or 0), headers.get("etag") or "", metadata)


@dataclass(frozen=True, slots=True)
class BlobList:
    """One page of a list: names with the stamps of snapshots, and the marker of the next page, empty at the end."""

    blobs: Sequence[tuple[str, str | None]]
    marker: str


def read_blob_list(response: HTTPResponse) -> BlobList:
    blobs: list[tuple[str, str | None]] = []
    marker = ""
    for _, element in ElementTree.iterparse(response, ("end",)):
        if element.tag == "Blob":
            name = element.find("Name")
            assert name is not None, "the protocol gives every blob a name"
            text = name.text or ""
            is_encoded = name.get("Encoded") == "true"  # where it has characters that XML cannot hold
            blobs.append((unquote(text) if is_encoded else text, element.findtext("Snapshot") or None))
            element.clear()
        elif element.tag == "NextMarker":
            marker = element.text or ""
    return BlobList(blobs, marker)


def read_page_list(response: HTTPResponse, spans: list[Span]) -> str:
    """Adds the page ranges of one answer to `spans`, element by element; returns the marker of the next answer."""
    marker = ""
    root: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(response, ("start", "end")):
        if root is None:
            root = element
        elif event == "end" and element.tag == "PageRange":
            start, last = (int(element.findtext(tag) or 0) for tag in ("Start", "End"))
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], last + 1)
            else:
                spans.append((start, last + 1))
            root.clear()
        elif event == "end" and element.tag == "NextMarker":
            marker = element.text or ""
    return marker


def block_list(blocks: Sequence[str]) -> bytes:
    """The body that makes a blob of these blocks, which are named as in their own requests."""
    root = ElementTree.Element("BlockList")
    for block in blocks:
        ElementTree.SubElement(root, "Latest").text = block
    encoded: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return encoded
