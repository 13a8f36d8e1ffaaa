"""Concepts and coding schemes (PS3.16): which concept asks who or where, and which schemes are nobody's own."""

from enum import Enum
from functools import cache
from typing import cast

from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from services.anonymiser.dataset.tree import Item, find, word

CODE_VALUE, SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
LONG_CODE_VALUE, URN_CODE_VALUE = 0x00080119, 0x00080120
CONCEPT_NAME = 0x0040A043


class Asks(Enum):
    """What the value beside a concept tells."""

    NAME = "a person's name"
    NUMBER = "a number of a person, a request, a specimen or an implant"
    PLACE = "an organisation, a room, who issued a number"
    BIRTH = "a date of birth"
    ORIGIN = "ethnic group, race or religion"
    AGE = "an age"
    CHARACTERISTIC = "sex, size or weight"
    DEVICE = "which device it was"
    TECHNICAL = "what kind of device, software or algorithm it was"


# By scheme, of the templates of PS3.16: 1002 to 1010 observers and subjects, 1020 and 1021 participants, 3001 procedure
# logs, 8001 specimens, 10021 radiopharmaceuticals. UIDs are not among them: those are replaced whatever is asked.
_CONCEPTS: dict[str, dict[Asks, str]] = {
    "DCM": {
        Asks.NAME: "121008 121029 121036 121114 121152 121435 113870",
        Asks.NUMBER: "113871 121020 121021 121022 121030 121040 121041 121043 121124 121148 121149 128774 "
        "128775 111700 111705 113511 113512 113513 113514 113516 130231",
        Asks.PLACE: "110190 111706 111724 113872 113873 121009 121017 121121 121197 121434 122128 127122",
        Asks.BIRTH: "121031",
        Asks.AGE: "121033",
        Asks.CHARACTERISTIC: "121032",
        Asks.DEVICE: "110119 113877 113880 121000 121013 121016 121122 121193 121196 122143",
        Asks.TECHNICAL: "111001 111003 111529 113832 113878 113879 121014 121015 121194 121195 128230 130527",
    },
    "SCT": {
        Asks.BIRTH: "184099003",
        Asks.ORIGIN: "103579009 186034007 364699009 397731000 160538000",
        Asks.AGE: "397669002 424144002",
        Asks.CHARACTERISTIC: "263495000 734000001 50373000 27113001",
    },
    "LN": {
        Asks.BIRTH: "21112-8",
        Asks.ORIGIN: "32624-9 46463-6 69490-1",
        Asks.AGE: "21612-7 29553-5 30525-0",
        Asks.CHARACTERISTIC: "3137-7 3138-5 3141-9 3142-7 8302-2 29463-7 46098-0",
    },
}
_ASKED = {
    (scheme, code): asks
    for scheme, kinds in _CONCEPTS.items()
    for asks, codes in kinds.items()
    for code in codes.split()
}
# PS3.16 Table 8-1 and what earlier editions named. Left out is NPI, whose codes are doctors and hospitals.
_PUBLISHED_SCHEMES = """
99SDM ACR ASTM-SIGPURPOSE BARI BI C4 C5 CADSR CD2 CTV3 CVX DC DCM DCMUID FMA HPC I10 I10C I10P I11 I9 I9C IANARFC1766
IBSI ICDO3 IETF4646 IHERADTF ISO3166_1 ISO5218_1 ISO639_1 ISO639_2 ISO_OID ITIS_TSN LN MA MAYOASRG MDC MDNS MGI MSH NBD
NBG NCDR NCIT NDC NEU NICIP NYUMCCG PATHLEX POS PUBCHEM_CID RADELEMENT RADLEX RFC-3881 RFC3066 RFC5646 RO RRID RXNORM
SCPECG SCT SNM3 SRT UBERON UCUM UMLS UNS UPC
"""
_PUBLISHED = frozenset(_PUBLISHED_SCHEMES.split())
# Schemes whose codes are numbers, with letters at most before or within them. Words of letters only are none of them,
# but for what PS3.16 lists.
_NUMBERED = frozenset(
    [
        "99SDM",
        "DCM",
        "FMA",
        "ITIS_TSN",
        "LN",
        "MDC",
        "NCIT",
        "PUBCHEM_CID",
        "RADLEX",
        "RXNORM",
        "SCPECG",
        "SCT",
        "SNM3",
        "SRT",
        "UMLS",
    ]
)
_NOTATIONS = {"99SDM": "SRT", "SNM3": "SRT"}
"""Other designators of one scheme."""
# Private ones that makers of software publish with it: the designator tells the maker, as Manufacturer does.
_OF_MAKERS = frozenset({"99DCMJS", "99GEMS", "99PMP", "99QIICR", "99_OFFIS_DCMTK", "CORNERSTONEJS", "GEK", "GEU"})


def asks(item: Item) -> Asks | None:
    """What the value of a content item (PS3.3 Section C.17.3, Section 10.2) tells, by its concept name."""
    name = find(item, CONCEPT_NAME)
    if name is None or not name.items:
        return None
    code = name.items[0]
    return _ASKED.get((word(code, SCHEME).upper(), word(code, CODE_VALUE)))


def published(scheme: str) -> bool:
    """Whether `scheme` (0008,0102) is one of those whose codes mean the same everywhere."""
    return scheme.upper() in _PUBLISHED


def listed(scheme: str, code: str) -> bool:
    """Whether `code` is one of `scheme` that PS3.16 lists, of the edition in pydicom: then it is a code for certain."""
    scheme = scheme.upper()
    return code in _listed().get(_NOTATIONS.get(scheme, scheme), ())


@cache
def _listed() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {scheme: set(codes) for scheme, codes in mapping.items()}
    for scheme, keywords in cast(dict[str, dict[str, dict[str, object]]], concepts).items():
        found.setdefault(scheme.upper(), set()).update(*keywords.values())
    return {scheme: frozenset(codes) for scheme, codes in found.items()}


def numbered(scheme: str) -> bool:
    """Whether codes of a published `scheme` are numbers, so that a word is rather somebody's name."""
    return scheme.upper() in _NUMBERED


def of_a_maker(scheme: str) -> bool:
    """Whether `scheme` is a private one that is known from published software."""
    return scheme.upper() in _OF_MAKERS
