"""Codes that PS3.16 lists, with their meanings: what stands there in every object, whoever the patient is."""

from functools import cache
from typing import cast

from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from services.anonymiser.gate.folding import folded

_Concepts = dict[str, dict[str, dict[str, tuple[str, list[int]]]]]
"""Meanings by scheme, keyword and code."""


def listed(scheme: str, value: str, text: str) -> bool:
    """Whether `text` is a code that PS3.16 lists in `scheme`, or the meaning that it lists for the code `value`."""
    meanings = _listed().get(scheme.upper(), {}).get(value)
    return meanings is not None and (text == value or folded(text) in meanings)


@cache
def _listed() -> dict[str, dict[str, frozenset[str]]]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for scheme, keywords in cast(_Concepts, concepts).items():
        codes = found.setdefault(scheme.upper(), {})
        for entries in keywords.values():
            for code, (meaning, _) in entries.items():
                codes[code] = codes.get(code, frozenset()) | {folded(meaning)}
    snomed = found["SCT"]
    found["SRT"] = {old: snomed.get(new, frozenset()) for old, new in mapping["SRT"].items()}
    return found | {"SNM3": found["SRT"], "99SDM": found["SRT"]}
