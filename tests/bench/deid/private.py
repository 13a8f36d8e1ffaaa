"""Private elements: numbers that are known to be safe and stay, and all that anybody may have put elsewhere."""

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.bench.deid.phrases import fill
from tests.bench.deid.truth import locate, private
from tests.bench.deid.writer import Writer

Numbers = tuple[tuple[int, str, int, str, Any], ...]

SAFE: dict[str, Numbers] = {
    "SIEMENS": (
        (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000"),
        (0x0019, "SIEMENS MR HEADER", 0x0E, "FD", [0.70710678, 0.0, -0.70710678]),
        (0x0019, "SIEMENS MR HEADER", 0x27, "FD", [500.0, 0.0, -500.0, 0.0, 0.0, 500.0]),
    ),
    "GE": (
        (0x0043, "GEMS_PARM_01", 0x39, "IS", ["800", "8", "0", "0"]),
        (0x0019, "GEMS_ACQU_01", 0x23, "DS", "39.37"),
        (0x0019, "GEMS_ACQU_01", 0x27, "DS", "0.5"),
        (0x0025, "GEMS_SERS_01", 0x07, "SL", 212),
        (0x0045, "GEMS_HELIOS_01", 0x01, "SS", 64),
        (0x0045, "GEMS_HELIOS_01", 0x02, "FL", 0.625),
    ),
    "Philips": (
        (0x2001, "Philips Imaging DD 001", 0x03, "FL", 1000.0),
        (0x2001, "Philips Imaging DD 001", 0x08, "IS", "3"),
        (0x2001, "Philips Imaging DD 001", 0x14, "SL", 2),
        (0x2001, "Philips Imaging DD 001", 0x85, "DS", "3"),
        (0x2005, "Philips MR Imaging DD 001", 0x0D, "FL", -12.5),
        (0x2005, "Philips MR Imaging DD 001", 0x0E, "FL", 0.0042),
        (0x7053, "Philips PET Private Group", 0x00, "DS", "0.000312"),
        (0x7053, "Philips PET Private Group", 0x09, "DS", "1.04"),
    ),
}
"""By the beginning of the manufacturer's name: numbers of PS3.15 Table E.3.10-1."""

UNSAFE: tuple[tuple[int, str, int, str, str], ...] = (
    (0x0009, "GEMS_IDEN_01", 0x02, "SH", "{slug}"),
    (0x0009, "SPI RELEASE 1", 0x10, "LO", "{patient} {mrn}"),
    (0x0011, "SPI RELEASE 1", 0x10, "LO", "{patient.upper}"),
    (0x0029, "SIEMENS CSA HEADER", 0x20, "OB", "SV10 tPatientName <{patient.pn}> tReferring <{referring.pn}>"),
    (0x0029, "SIEMENS MEDCOM OOG", 0x09, "LO", "C:/export/{mrn}/{family}.oog"),
    (0x0019, "AGFA", 0x7A, "LO", "{operator.pn}"),
    (0x2005, "Philips MR Imaging DD 005", 0x70, "LO", "{hospital}"),
    (0x0031, "AGFA PACS Archive Mirroring 1.0", 0x02, "LO", "{study_id}"),
    (0x0017, "VARIAN WORKSPACE", 0x04, "LO", "{mrn}"),
    (0x0033, "NORTHGATE RIS 2.1", 0x01, "PN", "{patient.pn}"),
    (0x0033, "NORTHGATE RIS 2.1", 0x02, "LO", "{mrn}"),
    (0x0033, "NORTHGATE RIS 2.1", 0x03, "LT", "{patient}, born {dob}, phone {phone}, seen by {stranger}"),
    (0x0033, "NORTHGATE RIS 2.1", 0x04, "SH", "{accession}"),
    (0x0041, "ACME IMAGING 7", 0x10, "UN", "{patient} {other_mrn}"),
    (0x0041, "ACME IMAGING 7", 0x11, "UT", "Report for {physician}: patient {patient} of {street}, {town}."),
    (0x0041, "ACME IMAGING 7", 0x12, "ST", "{hospital}, {hospital.street}, {hospital.town}"),
    (0x5533, "LOCAL_EXPORT", 0x01, "CS", "{study_id}"),
    (0x5533, "LOCAL_EXPORT", 0x02, "OB", "owner={login};mail={email}"),
    (0x5533, "LOCAL_EXPORT", 0x03, "AE", "{slug}"),
)
"""Text that has to go, whether or not anybody knows the creator."""


def inject(writer: Writer) -> None:
    """Some of all sorts."""
    here = writer.at("private")
    made_by = str(writer.dataset.get("Manufacturer", ""))
    for maker, numbers in SAFE.items():
        if made_by.startswith(maker):
            for number in numbers:
                _keep(here, *number)
    for group, creator, element, vr, template in writer.random.sample(UNSAFE, 6):
        _lose(here, group, creator, element, vr, template)
    if writer.random.random() < 0.4:
        _nested(here)
    if writer.random.random() < 0.3:
        _without_creator(here)
    if writer.random.random() < 0.4:
        _dated(here)


def _keep(writer: Writer, group: int, creator: str, element: int, vr: str, value: Any) -> None:
    if locate(writer.dataset, private(group, creator, element)) is not None:
        return  # a real object has its own, see keep_real
    path = writer.private(group, creator, element, vr, value)
    parts = value if isinstance(value, list) else [value]
    writer.note("tag_retained", path)
    writer.note("text_retained", path, "\\".join(map(str, parts)), "value")


def _lose(writer: Writer, group: int, creator: str, element: int, vr: str, template: str) -> None:
    filled = fill(template, writer.case, writer.random)
    if len(filled.text) > {"SH": 16, "CS": 16, "AE": 16, "LO": 64}.get(vr, 1000):
        return
    raw = filled.text.encode("utf-8" if writer.case.patient.character_set == "ISO_IR 192" else "latin-1", "replace")
    value = raw + b" " * (len(raw) % 2) if vr in ("OB", "UN") else filled.text
    writer.judged(writer.private(group, creator, element, vr, value), filled)


def _nested(writer: Writer) -> None:
    """A private sequence with standard elements in it."""
    item = Dataset()
    filled = fill("{patient.pn}", writer.case, writer.random)
    item.PatientName = filled.text
    path = writer.private(0x0033, "NORTHGATE RIS 2.1", 0x20, "SQ", Sequence([item]))
    writer.judged(path, filled)  # of the sequence: in implicit VR nobody knows that it is one


def _without_creator(writer: Writer) -> None:
    filled = fill("{patient} {mrn}", writer.case, writer.random)
    if len(filled.text) <= 64:
        writer.dataset.add(DataElement(0x00351001, "LO", filled.text))
        writer.judged(f"{writer.prefix}00351001", filled)


def _dated(writer: Writer) -> None:
    """A date and a UID that nobody knows; both may be dropped or changed."""
    day = writer.case.visit.day
    path = writer.private(0x0033, "NORTHGATE RIS 2.1", 0x30, "DA", day.strftime("%Y%m%d"))
    writer.note("date_shifted", path, day.isoformat())
    uid = f"1.2.826.0.1.3680043.8.498.{writer.random.getrandbits(96)}"
    writer.note("uid_changed", writer.private(0x0033, "NORTHGATE RIS 2.1", 0x31, "UI", uid), uid)


def keep_real(writer: Writer) -> None:
    """Expects the safe numbers that a real object has to stay."""
    for numbers in SAFE.values():
        for group, creator, element, _, _ in numbers:
            try:
                found = writer.dataset.private_block(group, creator)
            except KeyError:
                continue
            if element in found and found[element].VR != "UN" and found[element].VM:
                value = found[element].value
                parts = value if found[element].VM > 1 else [value]
                path = private(group, creator, element)
                writer.at("private").note("tag_retained", path)
                writer.at("private").note("text_retained", path, "\\".join(map(str, parts)), "value")
