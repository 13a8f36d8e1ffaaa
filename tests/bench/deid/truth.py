"""The truth of a data set: one check per line, and where its element is."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

ACTIONS = (
    "tag_retained",
    "text_notnull",
    "text_retained",
    "text_removed",
    "date_shifted",
    "uid_changed",
    "uid_consistent",
    "patid_consistent",
    "pixels_hidden",
    "pixels_retained",
)
ANYWHERE = "*"
"""The path of a check that looks at the whole object."""

META = "meta:"
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One file of the data set. `patient` groups what moves by one number of days."""

    file: str
    modality: str
    patient: str
    kind: str


@dataclass(frozen=True, slots=True)
class Check:
    """One required action. `place` says of what sort the element is; `how` as in `phrases.Gone`, 'value' for a number;
    `frame` and `boxes` are for pixels, `region` the part that no layout may blank."""

    file: str
    place: str
    action: str
    path: str = ""
    value: str = ""
    how: str = ""
    frame: int = 0
    boxes: tuple[Box, ...] = ()
    region: Box | None = None


def step(keyword_or_tag: str | int) -> str:
    """The path of a top-level element."""
    tag = keyword_or_tag if isinstance(keyword_or_tag, int) else tag_for_keyword(keyword_or_tag)
    assert tag is not None, keyword_or_tag
    return f"{tag:08X}"


def private(group: int, creator: str, element: int) -> str:
    """The path of a private element, whatever block it stands in."""
    return f"{group:04X}{{{creator}}}{element:02X}"


def locate(dataset: Dataset, path: str) -> DataElement | None:
    """The element at `path`; None when it is not there."""
    if path.startswith(META):
        meta = getattr(dataset, "file_meta", None)
        return None if meta is None else locate(meta, path.removeprefix(META))
    here: Dataset = dataset
    *items, last = re.findall(r"(?:\{[^}]*\}|[^/])+", path)
    for one in items:
        found, index = _within(here, one[: one.index("[")]), int(one[one.index("[") + 1 : -1])
        if found is None or found.VR != "SQ" or index >= len(found.value):
            return None
        here = found.value[index]
    return _within(here, last)


def _within(dataset: Dataset, one: str) -> DataElement | None:
    if "{" not in one:
        tag = int(one, 16)
        return dataset[tag] if tag in dataset else None  # noqa: SIM401 - get() gives raw elements
    group, creator, element = int(one[:4], 16), one[5 : one.index("}")], int(one[-2:], 16)
    try:
        block = dataset.private_block(group, creator)
    except KeyError:
        return None
    return block[element] if element in block else None  # noqa: SIM401 - a block has no get()


def write(path: Path, records: Iterable[Check | Instance]) -> None:
    """As JSON lines; what is empty is left out."""
    lines = ({key: value for key, value in asdict(one).items() if value not in ("", 0, (), None)} for one in records)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def read_checks(path: Path) -> Iterator[Check]:
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        record["boxes"] = tuple(tuple(box) for box in record.get("boxes", ()))
        record["region"] = tuple(record["region"]) if "region" in record else None
        yield Check(**record)


def read_instances(path: Path) -> dict[str, Instance]:
    """By file."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {line["file"]: Instance(**line) for line in lines}
