"""Makes data/plain/dicom.txt: the words of DICOM's own concepts, context groups and attributes.

    python -m services.anonymiser.descriptors.generate_vocabulary [OUTPUT]

They come out of pydicom's tables (PS3.16 context groups with the meanings of DCM, SNOMED CT, LOINC, UCUM and other
codes, PS3.6 attribute names). Concepts of animals' breeds and species are left out: those are names of places and
people. What data/excluded.txt holds is left out when the vocabulary is read.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pydicom
from pydicom._dicom_dict import DicomDictionary
from pydicom.sr import _cid_dict, _concepts_dict

OUTPUT = Path(__file__).parent / "data" / "plain" / "dicom.txt"
_HEAD = """\
# Words of DICOM's own concepts, context groups and attribute names.
# Source: pydicom {version}: pydicom.sr._concepts_dict, pydicom.sr._cid_dict, pydicom._dicom_dict; made by
# `python -m services.anonymiser.descriptors.generate_vocabulary`. Single words, no definitions and no codes.
# Licence: pydicom is MIT (parts BSD). Content of the DICOM Standard is (c) NEMA; the SNOMED CT subset in PS3.16 is (c)
# IHTSDO, free to use in DICOM implementations under the NEMA-IHTSDO agreement; LOINC is (c) Regenstrief Institute.
# Review: compared with lists of names; what is also a name stands in ../careful, ../eponym or ../excluded.txt.
"""
_ANIMALS = frozenset(
    (
        "breed",
        "cattle",
        "zebu",
        "sheep",
        "goat",
        "dog",
        "cat",
        "horse",
        "pig",
        "organism",
        "species",
        "strain",
        "bird",
        "poultry",
        "chicken",
        "buffalo",
        "rabbit",
    )
)
_ANIMAL_GROUPS = re.compile(r"Breed|Species|Taxonom|Animal|Genetic")
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SHORTEST, _WIDTH = 3, 118


def words() -> list[str]:
    """All words of three letters or more, in small letters, sorted."""
    found = {word.lower() for text in _texts() for word in _WORD.findall(text)}
    return sorted(word for word in found if len(word) >= _SHORTEST and word.isascii())


def _texts() -> Iterator[str]:
    groups: dict[int, str] = _cid_dict.name_for_cid
    animals = {cid for cid, name in groups.items() if _ANIMAL_GROUPS.search(name)}
    schemes: dict[str, dict[str, Any]] = _concepts_dict.concepts
    for scheme in schemes.values():
        for codes in scheme.values():
            for meaning, cids in codes.values():
                about = set(_WORD.findall(meaning.lower()))
                if about.isdisjoint(_ANIMALS) and not (cids and animals.issuperset(cids)):
                    yield meaning
    yield from (" ".join(_CAMEL.findall(name)) for cid, name in groups.items() if cid not in animals)
    yield from (name for _, _, name, _, _ in DicomDictionary.values())


def generate() -> str:
    """The text of the file."""
    return _HEAD.format(version=pydicom.__version__) + filled(words())


def filled(found: Iterable[str]) -> str:
    """Lines of as many words as fit."""
    lines = [""]
    for word in found:
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Exit status 0 when the file is written, 2 for bad usage."""
    if len(arguments) > 1:
        sys.stderr.write(__doc__ or "")
        return 2
    output = Path(arguments[0]) if arguments else OUTPUT
    output.write_text(generate(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
