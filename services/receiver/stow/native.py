"""The Native DICOM Model (PS3.19 Annex A.1), XML, to and from the DICOM JSON Model (PS3.18 Annex F)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import keyword_for_tag

DicomJson = dict[str, Any]

DEEPEST = 128
"""Elements of XML within each other."""
MOST_NODES = 300_000
"""Elements and attributes of XML; of JSON, containers and values."""
_MOST_CREATORS = 1024
"""Of private elements in one data set: more are no data set, but work for nothing."""
_TEXT_BUFFER = 1024 * 1024
_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_NAME_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_FIRST_BLOCK = 0x10


class NotNative(Exception):
    """The XML is none, or not of this model, or has what we do not want to read: a document type, great depth."""


@dataclass(slots=True)
class _Node:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["_Node"] = field(default_factory=list)
    text: str = ""

    def named(self, name: str) -> Iterator["_Node"]:
        return (child for child in self.children if child.name == name)


def read(xml: bytes) -> DicomJson:
    """The data set. Raises NotNative."""
    root = _parsed(xml)
    if root.name != "NativeDicomModel":
        raise NotNative
    try:
        return _dataset(root)
    except (KeyError, ValueError):
        raise NotNative from None


def write(dataset: DicomJson) -> bytes:
    """The XML of a data set that has UIDs, numbers, sequences and empty values only: a response of ours."""
    body = "".join(_attributes(dataset))
    return f'{_HEAD}<NativeDicomModel xmlns="{_NAMESPACE}">{body}</NativeDicomModel>'.encode()


def _parsed(xml: bytes) -> _Node:
    """No document type, so no entities but XML's five: nothing grows, nothing is fetched."""
    top = _Node("")
    open_nodes = [top]
    nodes = 0

    def starts(name: str, attributes: dict[str, str]) -> None:
        nonlocal nodes
        nodes += 1 + len(attributes)
        if len(open_nodes) > DEEPEST or nodes > MOST_NODES:
            raise NotNative
        node = _Node(name.rpartition(" ")[2], attributes)
        open_nodes[-1].children.append(node)
        open_nodes.append(node)

    def says(text: str) -> None:
        open_nodes[-1].text += text

    def declares(*_: object) -> None:
        raise NotNative

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text, parser.buffer_size = True, _TEXT_BUFFER
    parser.StartElementHandler = starts
    parser.EndElementHandler = lambda _: open_nodes.pop()
    parser.CharacterDataHandler = says
    parser.StartDoctypeDeclHandler = declares
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError):  # an encoding that is unknown or does not fit
        raise NotNative from None
    return top.children[0]


def _dataset(node: _Node) -> DicomJson:
    creators: dict[tuple[str, str], str] = {}
    found: DicomJson = {}
    for attribute in node.named("DicomAttribute"):
        tag, vr = attribute.attributes["tag"].upper(), attribute.attributes["vr"]
        creator = attribute.attributes.get("privateCreator")
        if creator:
            tag = _private(tag, creator, creators)
        found[tag] = {"vr": vr} | _value(attribute, vr)
    for (group, creator), block in creators.items():
        found.setdefault(f"{group}00{block}", {"vr": "LO", "Value": [creator]})
    return found


def _private(tag: str, creator: str, creators: dict[tuple[str, str], str]) -> str:
    """The tag in a block that is the creator's (PS3.5 Section 7.8.1): the one it is in, else the next."""
    if len(creators) > _MOST_CREATORS:
        raise NotNative
    group, block, element = tag[:4], tag[4:6], tag[6:]
    taken = [other for (of, _), other in creators.items() if of == group]
    if block == "00":
        block = f"{max([_FIRST_BLOCK - 1, *(int(other, 16) for other in taken)]) + 1:02X}"
    return f"{group}{creators.setdefault((group, creator), block)}{element}"


def _value(attribute: _Node, vr: str) -> DicomJson:
    for child in attribute.children:
        if child.name == "BulkData":
            return {"BulkDataURI": child.attributes.get("uri") or child.attributes["uuid"]}
        if child.name == "InlineBinary":
            return {"InlineBinary": child.text.strip()}
    values = [_single(child) for child in attribute.children if child.name in ("Item", "PersonName", "Value")]
    return {"Value": values} if values else {}


def _single(child: _Node) -> Any:
    if child.name == "Item":
        return _dataset(child)
    if child.name == "PersonName":
        return {group.name: _name(group) for group in child.children if group.name in _GROUPS}
    return child.text or None


def _name(group: _Node) -> str:
    parts = {part.name: part.text for part in group.children}
    return "^".join(parts.get(name, "") for name in _NAME_PARTS).rstrip("^")


def _attributes(dataset: DicomJson) -> Iterable[str]:
    for tag, element in dataset.items():
        keyword = quoteattr(keyword_for_tag(int(tag, 16)))
        values = "".join(_written(number, value) for number, value in enumerate(element.get("Value", ()), 1))
        yield f'<DicomAttribute tag="{tag}" vr="{element["vr"]}" keyword={keyword}>{values}</DicomAttribute>'


def _written(number: int, value: object) -> str:
    if isinstance(value, dict):
        return f'<Item number="{number}">{"".join(_attributes(value))}</Item>'
    return f'<Value number="{number}">{escape(str(value))}</Value>'
