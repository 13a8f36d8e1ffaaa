"""Plants known values in instances, so that whatever leaves the identified zone can be searched for them.

Every attribute of PS3.15 Table E.1-1 gets one of its own, at the top, in an item of a sequence and in a functional
group, and so do private elements, AE titles and file names. Not planted: times of day, which the profile keeps, and
US values (two bytes are found everywhere). Black box: imports nothing of ours and reads the table as data.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tests.support.generated import Item, encoded, pixels

ANONYMISER = Path(__file__).resolve().parents[2] / "services" / "anonymiser"
TABLE = ANONYMISER / "standard" / "data" / "ps3.15_table_e.1-1.json"

FIRST_DAY = date(1931, 1, 1)
"""All dates lie in the year from here on. The profile moves each by at least a year, so none lands in it again."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
AGE = "113Y"
KEPT = frozenset({"TM", "US"})

# An object with one of these at its top is held, so they are planted there in the quarantined one only.
HOLDING = (0x00420011, 0x0040A730, 0x00700001)
# An overlay at the top has the object held as well.
NESTED_ONLY = (0x60003000, 0x60004000)
# Data Set Trailing Padding is the last element of a data set and of no item.
TOP_ONLY = (0xFFFCFFFC,)
REFERENCED_SERIES, SHARED_GROUPS, FRAME_CONTENT = 0x00081115, 0x52009229, 0x00209111
CODE_MEANING, TEXT_VALUE, REFERENCED_INSTANCE = 0x00080104, 0x0040A160, 0x00081155

_STORAGE = "1.2.840.10008.5.1.4.1.1."
KINDS = {
    "ct": (_STORAGE + "2", "CT", 1),
    "mr": (_STORAGE + "4", "MR", 1),
    "enhanced-ct": (_STORAGE + "2.1", "CT", 2),
    "rtstruct": (_STORAGE + "481.3", "RTSTRUCT", 0),
    "us": (_STORAGE + "6.1", "US", 1),
}
"""SOP class, modality and number of frames. The last one is quarantined."""
QUARANTINED = "us"


@dataclass(frozen=True)
class Canary:
    """One value that was planted. `kind`: text, uid, date, number, or main for text that every object is known by."""

    value: str
    kind: str
    where: str


@dataclass
class Canaries:
    """Makes values that occur nowhere else, and remembers them. The same seed, the same values."""

    seed: str
    planted: list[Canary] = field(default_factory=list)
    originals: dict[str, bytes] = field(default_factory=dict)
    """Files and data sets, by name: their digests and sizes must not be found either."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._root = f"2.999.{self._random.randrange(10**11, 10**12)}"
        self.calling = self.text("calling AE title", "main")
        self.called = self.text("called AE title", "main")

    # --- values

    def text(self, where: str, kind: str = "text") -> str:
        """Fourteen capital letters and digits: fits every VR of text, and CS."""
        return self._plant("Q" + "".join(self._random.choices(LETTERS, k=13)), kind, where)

    def uid(self, where: str) -> str:
        return self._plant(f"{self._root}.{len(self.planted) + 1}", "uid", where)

    def day(self, where: str) -> str:
        chosen = FIRST_DAY + timedelta(days=self._random.randrange(364))
        return self._plant(f"{chosen:%Y%m%d}", "date", where)

    def number(self, where: str, *, decimal: bool) -> str:
        whole = self._random.randrange(10**8, 10**9)
        return self._plant(f"{whole}.{self._random.randrange(100, 1000)}7" if decimal else f"{whole}", "number", where)

    def file_name(self) -> str:
        return f"{self.text('file name', 'main')}.dcm"

    def value(self, vr: str, where: str) -> object:
        """A value of that VR, for pydicom."""
        if vr in ("OB", "OW", "UN", "OB or OW"):
            return (self.text(where) + self.text(where)).encode()
        if vr == "UI":
            return self.uid(where)
        if vr in ("DA", "DT"):
            return self.day(where) + ("111213.141516" if vr == "DT" else "")
        if vr in ("DS", "IS"):
            return self.number(where, decimal=vr == "DS")
        if vr == "AS":
            return AGE
        if vr == "PN":
            return f"{self.text(where)}^{self.text(where)}"
        if vr == "UR":
            return f"https://{self.text(where).lower()}.example/{self.text(where)}"
        return self.text(where)

    # --- instances

    def instance(self, kind: str, name: str) -> Item:
        """An object of one of KINDS, full of canaries; `name` is what its file and data set are remembered by."""
        dataset = self._object(kind, name)
        dataset.add(DataElement(REFERENCED_SERIES, "SQ", Items([self._full(f"{name}, in an item", nested=True)])))
        group = Dataset()
        group.add(DataElement(FRAME_CONTENT, "SQ", Items([self._full(f"{name}, in a functional group", nested=True)])))
        dataset.add(DataElement(SHARED_GROUPS, "SQ", Items([group])))
        if kind == QUARANTINED:
            for tag in HOLDING:
                _add(dataset, self._element(tag, "X", f"{name} {tag:08X}"))
        return self.remember(name, encoded(dataset))

    def broken(self, name: str) -> Item:
        """An object that ends in the middle of a value, before its pixels: what is cut behind them is no loss."""
        whole = encoded(self._object("ct", name))
        texts = [canary.value.encode() for canary in self.planted if canary.kind == "text"]
        before_pixels = whole.data_set[: whole.data_set.rfind(b"\xe0\x7f\x10\x00")]
        start = max(before_pixels.rfind(text) for text in texts)
        cut = self._plant(whole.data_set[start : start + 10].decode(), "text", f"{name}, where it ends")
        return self.remember(
            name, Item(whole.sop_class_uid, whole.sop_instance_uid, whole.data_set[: start + len(cut)])
        )

    def remember(self, name: str, item: Item) -> Item:
        """Its digests and sizes must not be found."""
        self.originals |= {f"{name}: data set": item.data_set, f"{name}: file": item.part10()}
        self.originals[f"{name}: data set and transfer syntax"] = item.transfer_syntax_uid.encode() + item.data_set
        return item

    def _object(self, kind: str, name: str) -> Dataset:
        sop_class, modality, frames = KINDS[kind]
        dataset = self._full(name, nested=False)
        dataset.SpecificCharacterSet = "ISO_IR 100"
        dataset.SOPClassUID, dataset.Modality = sop_class, modality
        dataset.PatientID = self.text(f"{name} PatientID", "main")
        dataset.PatientName = self.text(f"{name} PatientName", "main") + "^" + self.text(f"{name} PatientName")
        dataset.AccessionNumber = self.text(f"{name} AccessionNumber", "main")
        if frames:
            _picture(dataset, frames)
        return dataset

    def _full(self, name: str, *, nested: bool) -> Dataset:
        dataset = Dataset()
        for tag, action in rows():
            if tag not in (TOP_ONLY if nested else (*HOLDING, *NESTED_ONLY)):
                _add(dataset, self._element(tag, action, f"{name} {tag:08X}"))
        dataset.add(DataElement(0x00090010, "LO", self.text(f"{name} private creator")))
        dataset.add(DataElement(0x00091001, "LO", self.text(f"{name} private LO")))
        dataset.add(DataElement(0x00091002, "OB", self.text(f"{name} private OB").encode()))
        dataset.add(DataElement(0x00091003, "SQ", Items([self._item("X", f"{name} private SQ")])))
        return dataset

    def _element(self, tag: int, action: str, where: str) -> DataElement | None:
        vr = _vr(tag)
        if vr in KEPT:
            return None
        if vr == "SQ":
            return DataElement(tag, "SQ", Items([self._item(action, where)]))
        return DataElement(tag, "OB" if vr == "OB or OW" else vr, self.value(vr, where))

    def _item(self, action: str, where: str) -> Dataset:
        """Where the profile says U it keeps the item and replaces the UIDs in it, so there is nothing else to find."""
        item = Dataset()
        item.add(DataElement(REFERENCED_INSTANCE, "UI", self.uid(where)))
        if "U" not in action:
            item.add(DataElement(CODE_MEANING, "LO", self.text(where)))
            item.add(DataElement(TEXT_VALUE, "UT", self.text(where)))
        return item

    def _plant(self, value: str, kind: str, where: str) -> str:
        self.planted.append(Canary(value, kind, where))
        return value


def rows() -> Iterator[tuple[int, str]]:
    """Every attribute of the table that has a tag of its own, with its Basic Profile action; of those that repeat
    (curves, overlays) the first."""
    table = json.loads(TABLE.read_text())
    columns = table["columns"].index("tag"), table["columns"].index("basic_profile")
    for row in table["rows"]:
        tag, action = (row[column] for column in columns)
        # Groups below 0008 belong to messages, file meta and DICOMDIR: they have no place in a data set.
        if tag != "private" and tag[:4] >= "0008":
            yield int("50003000" if tag.startswith("50") else tag.replace("xx", "00"), 16), action


def _vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "LO"  # younger than pydicom's dictionary


def _add(dataset: Dataset, element: DataElement | None) -> None:
    if element is not None:
        dataset.add(element)


def _picture(dataset: Dataset, frames: int) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = 64
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    if frames > 1:
        dataset.NumberOfFrames = frames
    dataset.PixelData = b"".join(pixels(64, number) for number in range(frames))
