"""Makes data/ps3.3_attribute_types.json from the tables of PS3.3 in the highdicom wheel.

    python -m services.anonymiser.standard.generate_types [OUTPUT]

What several sequences hold alike is written once, as a macro; one attribute per line, so that a new edition shows as
a readable diff. The file records the version of the wheel and the digests of its tables.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from pydicom._dicom_dict import RepeatersDictionary
from pydicom.datadict import tag_for_keyword

from services.anonymiser.standard.generate_table import NOTICE

OUTPUT = Path(__file__).parent / "data" / "ps3.3_attribute_types.json"
TABLES = ("module_attribute_map", "iod_module_map", "sop_class_iod_map")
STRICTEST_FIRST = ("1", "1C", "2", "2C", "3")
# Content items hold content items (PS3.3 Table C.17-6, which includes itself); the wheel stops at the first level.
_RECURSIVE_MODULE, _RECURSIVE_SEQUENCE = "sr-document-content", "0040A730"
# Overlays repeat in the groups 6000 to 60FF and stand under the first.
_REPEATING = {entry[4]: pattern.replace("x", "0") for pattern, entry in RepeatersDictionary.items()}


@dataclass(slots=True)
class Node:
    """An attribute of a module: its type, and for a sequence with known content the attributes of its items."""

    type: str
    items: dict[str, "Node"] | None = None


Content = dict[str, Node]


def generate(tables: dict[str, Any], version: str, digests: dict[str, str]) -> str:
    """The text of the file. `tables`: the content of TABLES by name. Raises ValueError for what is not understood."""
    sop_classes, iods = tables["sop_class_iod_map"], tables["iod_module_map"]
    used = {iod: sorted({module["key"] for module in iods[iod]}) for iod in sorted(set(sop_classes.values()))}
    attributes = tables["module_attribute_map"]
    named = sorted({module for modules in used.values() for module in modules} & attributes.keys())
    macros = Macros()
    modules = [(name, macros.entries(content(attributes[name], name))) for name in named]
    head = {
        "source": "DICOM PS3.3 Section A and C: types of attributes by module, modules by IOD; PS3.4: IOD by SOP class",
        "wheel": f"highdicom {version}, MIT, https://github.com/ImagingDataCommons/highdicom",
        "sha256": digests,
        "notice": NOTICE,
        # Nobody knows what else these hold, as the wheel does not know one of their modules.
        "incomplete": [iod for iod, names in used.items() if not set(names) <= attributes.keys()],
    }
    parts = [
        _section("sop_classes", sorted(sop_classes.items())),
        _section("iods", ((iod, " ".join(names)) for iod, names in used.items())),
        _sections("modules", modules),
        _sections("macros", sorted(macros.named())),
    ]
    return f"{json.dumps(head, indent=1)[:-2]},\n" + ",\n".join(parts) + "\n}\n"


def content(attributes: Iterable[dict[str, Any]], module: str) -> Content:
    """The attributes of a module as a tree, of several types for one attribute the strictest."""
    root: Content = {}
    for attribute in sorted(attributes, key=lambda attribute: len(attribute["path"])):
        level = root
        for keyword in attribute["path"]:
            node = level[_tag(keyword)]
            node.items = level = {} if node.items is None else node.items
        node = level.setdefault(_tag(attribute["keyword"]), Node(attribute["type"]))
        node.type = min(node.type, attribute["type"], key=STRICTEST_FIRST.index)
    if module == _RECURSIVE_MODULE:
        _recur(root)
    return root


def _recur(root: Content) -> None:
    items = root[_RECURSIVE_SEQUENCE].items
    assert items is not None
    for tag, node in root.items():
        items.setdefault(tag, Node(node.type) if tag == _RECURSIVE_SEQUENCE else node)


def _tag(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    if tag is not None:
        return f"{tag:08X}"
    if keyword in _REPEATING:
        return _REPEATING[keyword]
    raise ValueError(f"PS3.6 has no attribute {keyword}")


@dataclass(slots=True)
class Macros:
    """Names what sequences hold, the same content by the same name: the tag where it was met first, and a number."""

    names: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)
    met: dict[str, int] = field(default_factory=dict)

    def entries(self, attributes: Content) -> tuple[tuple[str, str], ...]:
        """Pairs of a tag and its type, for a sequence with the name of its macro behind the type."""
        return tuple((tag, self._entry(tag, attributes[tag])) for tag in sorted(attributes))

    def _entry(self, tag: str, node: Node) -> str:
        if node.items is None:
            return node.type
        entries = self.entries(node.items)
        if entries not in self.names:
            count = self.met[tag] = self.met.get(tag, 0) + 1
            self.names[entries] = tag if count == 1 else f"{tag}-{count}"
        return f"{node.type} {self.names[entries]}"

    def named(self) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
        """All macros with their names."""
        return ((name, entries) for entries, name in self.names.items())


def _section(name: str, entries: Iterable[tuple[str, str]]) -> str:
    lines = ",\n".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in entries)
    return f"{json.dumps(name)}:{{\n{lines}\n}}"


def _sections(name: str, sections: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> str:
    return f"{json.dumps(name)}:{{\n" + ",\n".join(_section(key, entries) for key, entries in sections) + "\n}"


def main(arguments: list[str]) -> int:
    """Exit status 0 when the file is written, 2 for bad usage."""
    if len(arguments) > 1:
        sys.stderr.write(__doc__ or "")
        return 2
    wheel = distribution("highdicom")
    files = {name: Path(str(wheel.locate_file(f"highdicom/_standard/{name}.json"))).read_bytes() for name in TABLES}
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in files.items()}
    text = generate({name: json.loads(text) for name, text in files.items()}, wheel.version, digests)
    (Path(arguments[0]) if arguments else OUTPUT).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
