"""Head images that may show a face: from volumes with skin a portrait can be computed (PS3.15 Section E.3.2)."""

import re
import unicodedata

from services.anonymiser.dataset.tags import IMAGE_TYPE, MODALITY, SOP_CLASS
from services.anonymiser.dataset.text import declared, decoded
from services.anonymiser.dataset.tree import Item, find, word, words

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_VOLUMES = frozenset(_STORAGE + kind for kind in ("2", "2.1", "2.2", "4", "4.1", "4.3", "4.4", "128", "128.1", "130"))
"""CT, MR and PET, enhanced, legacy converted or not."""
_PORTRAITS = frozenset(_STORAGE + kind for kind in ("13.1.1", "13.1.2", "77.1.4", "77.1.4.1"))
"""Volumes of X-ray angiography and of the skull, photographs."""
_HEAD_PARTS = frozenset(
    {
        "HEAD",
        "BRAIN",
        "SKULL",
        "FACE",
        "ORBIT",
        "SINUS",
        "NOSE",
        "JAW",
        "MAXILLA",
        "MANDIBLE",
        "TMJ",
        "EAR",
        "IAC",
        "EYE",
    }
    | {"HEADNECK", "PITUITARY", "WHOLEBODY", "PARANASALSINUS", "TEMPORALBONE", "INTERNALAUDITORYCANAL"}
)
"""Defined terms of Body Part Examined whose images reach the face (PS3.16 Annex L)."""
_HEAD_CODES = frozenset(
    {"69536005", "12738006", "89546000", "89545001", "363654007", "2095001", "45206002", "70925003", "91609006"}
    | {"661005", "53620006", "117590005", "81745001", "774007", "56329008", "38266002", "1101003", "361078006"}
    | {"91397008", "110517009", "312779009"}
    | {"T-D1100", "T-A0100", "T-11100", "T-D1200", "T-D14AE", "T-22000", "T-21000", "T-11170", "T-11180", "T-D1213"}
    | {"T-15290", "T-AB001", "T-AA000", "T-D1000", "T-B1000", "T-D0010", "T-D1400", "T-AB959", "T-11196", "T-11011"}
)
"""The same parts in SNOMED CT, and in the older SNOMED RT (PS3.16 CID 4 and Annex L)."""
_WORDS = re.compile(
    r"(?<![A-Z])(?:HEAD|BRAIN|CEREBR[A-Z]*|CRANI[A-Z]*|SKULL|FACE|FACIAL|ORBITS?|ORBITA[A-Z]*|SINUS(?:ES)?|PITUITARY|IACS?|TMJ"
    r"|NEURO[A-Z]*|STROKE|MPRAGE|BRAVO|KOPF|SCHAE?DEL|GEHIRN|GESICHT|TETE|CERVEAU|CRANE|VISAGE|CABEZA|TESTA|WHOLE ?BODY"
    r"|GANZKOE?RPER|WB)(?![A-Z])"
    r"|\u0413\u041e\u041b\u041e\u0412|\u041c\u041e\u0417\u0413|\u0427\u0415\u0420\u0415\u041f|[\u982d\u5934\u8133\u8166\u8111\u9854\u9885\u9871]|\u9762\u90e8|\ub450\ubd80|\ub1cc|\uba38\ub9ac"
)
"""Heads in descriptions and protocols, in capitals without accents: English, German, French, Spanish, Italian,
Russian (golov-, mozg, cherep), Chinese and Japanese (head, brain, face, cranium), Korean."""
_BODY_PART, _REGION = 0x00180015, 0x00082218
_TEXTS = (0x00081030, 0x0008103E, 0x00181030, 0x00400254, 0x00321060)
_CODE, _MEANING = 0x00080100, 0x00080104
_SLICE = 0x00180050
_THICK = 10.0
"""Millimetres: slabs and scouts are thicker than the slices of a volume."""


def may_show_face(elements: Item) -> bool:
    """Whether the object is a slice or a volume of a head with its skin, as far as attributes tell: body part, coded
    region, or a word in a description. Where none of them speaks of a head the answer is no."""
    kind = word(elements, SOP_CLASS)
    if kind in _PORTRAITS:
        return True
    if kind not in _VOLUMES or _no_volume(elements):
        return False
    part = re.sub("[ _-]", "", word(elements, _BODY_PART).upper())
    return part in _HEAD_PARTS or _coded(elements) or bool(_WORDS.search(_described(elements)))


def _no_volume(elements: Item) -> bool:
    """A projection of CT, or a slab."""
    if word(elements, MODALITY) == "CT" and "LOCALIZER" in words(elements, IMAGE_TYPE):
        return True
    try:
        return float(word(elements, _SLICE) or 0) > _THICK
    except ValueError:
        return False


def _coded(elements: Item) -> bool:
    region = find(elements, _REGION)
    return any(word(item, _CODE) in _HEAD_CODES for item in (region.items if region else ()))


def _described(elements: Item) -> str:
    """All descriptions, and the meanings of the region's codes; what cannot be decoded is read as Latin."""
    names = declared(elements)
    region = find(elements, _REGION)
    found = [find(elements, tag) for tag in _TEXTS]
    found += [find(item, _MEANING) for item in (region.items if region else ())]
    texts = (_plain(bytes(element.value), names) for element in found if element)
    return " ".join(texts)


def _plain(value: bytes, names: tuple[str, ...]) -> str:
    """In capitals, without accents; an underscore parts words."""
    text = decoded(value, names) or value.decode("latin-1")
    apart = unicodedata.normalize("NFKD", text.replace("_", " "))
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", bare).upper()  # Korean syllables were apart, too
