"""Items of content trees (PS3.3 Section C.17, PS3.16): what a concept says about the value beside it."""

from services.anonymiser.cleaning.values import dummy
from services.anonymiser.dataset.tree import Element, Item, find, word

_CONCEPT_NAME, _TEXT, _DATE, _CODE, _SCHEME = 0x0040A043, 0x0040A160, 0x0040A121, 0x00080100, 0x00080102
# Schemes that somebody publishes; what they call their codes is no secret. Those of sites begin with 99.
_PUBLIC = frozenset(
    {"DCM", "SCT", "SRT", "SNM3", "LN", "UCUM", "UMLS", "RADLEX", "FMA", "NCIT", "MSH", "I10", "I9C", "ICDO3", "BI"}
    | {"C4", "ISO3166_1", "RFC5646", "NEU", "PUBCHEM_CID", "CD_NUM", "UNS", "IBSI", "NDC", "RXNORM", "ATC", "GO", "MGI"}
)
# Names, numbers and addresses of people, organisations and devices (PS3.16 TID 1002 to 1007, 1010, 1020; CID 7461).
_WHO = frozenset(
    {"121008", "121009", "121012", "121013", "121016", "121017", "121021", "121022"}
    | {"121028", "121029", "121030", "121031", "121036", "113870", "113871", "113872", "113873"}
    | {"121173", "121174", "122081", "122083"}
)


def prepared(item: Item) -> Item:
    """`item` with a dummy in place of a text or date whose concept says that it names somebody."""
    concept = find(item, _CONCEPT_NAME)
    if concept is None or not concept.items or not names_somebody(concept.items[0]):
        return item
    return tuple(_hidden(element) if element.tag in (_TEXT, _DATE) else element for element in item)


def names_somebody(code: Item) -> bool:
    """Whether a concept (an item of Concept Name Code Sequence) asks who or where."""
    return word(code, _SCHEME) == "DCM" and word(code, _CODE) in _WHO


def public_code(item: Item) -> bool:
    """Whether `item` is a code of a published scheme, so that its meaning is the scheme's and nobody's own words."""
    return bool(word(item, _CODE)) and word(item, _SCHEME).upper() in _PUBLIC


def _hidden(element: Element) -> Element:
    return Element(element.tag, element.vr, dummy(element.vr) if element.value else b"")
