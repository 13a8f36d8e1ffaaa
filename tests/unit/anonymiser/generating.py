"""Strategies for hypothesis: data sets of all kinds of elements, well formed, in any order and with odd lengths."""

from hypothesis import strategies as st

from tests.unit.anonymiser.raw import Fragments, Items, Node, Value

# Of every VR one, ambiguous ones, what decides them, group lengths, retired and repeating ones, and unknown ones.
PUBLIC = {
    0x00080000: "UL",
    0x00080016: "UI",
    0x00080020: "DA",
    0x0008002A: "DT",
    0x00080030: "TM",
    0x00080040: "US",
    0x00080054: "AE",
    0x00080090: "PN",
    0x00080119: "UC",
    0x00080120: "UR",
    0x0008103E: "LO",
    0x0009FFF0: "LO",
    0x00101010: "AS",
    0x00102160: "SH",
    0x001021B0: "LT",
    0x00180050: "DS",
    0x00189087: "FD",
    0x00200013: "IS",
    0x00280009: "AT",
    0x00280010: "US",
    0x00280103: "US",
    0x00280106: "US",
    0x00280107: "SS",
    0x00281201: "OW",
    0x00283002: "SS",
    0x00283006: "OW",
    0x00400310: "ST",
    0x0040A160: "UT",
    0x00420011: "OB",
    0x00660016: "OF",
    0x00660022: "OD",
    0x00660040: "OL",
    0x00720082: "SV",
    0x0008040C: "UV",
    0x00186020: "SL",
    0x00189461: "FL",
    0x50000005: "US",
    0x60003000: "OW",
    0x7FE00001: "OV",
    0x0008FFF0: "LO",
    0x00200001: "LO",
}
PRIVATE = {
    0x00090000: "UL",
    0x00090010: "LO",
    0x000900FF: "LO",
    0x00091001: "LO",
    0x00091002: "OB",
    0x00091003: "DS",
    0x00190001: "LO",
    0x7FE10010: "LO",
    0x7FE11001: "UN",
}
SEQUENCES = (0x00081115, 0x00081140, 0x0040A730, 0x52009230, 0x00091010, 0x00091011, 0x7FE11010)
VALUES = {**PUBLIC, **PRIVATE}
CHARACTER_SET = 0x00080005

short_values = st.binary(max_size=20) | st.sampled_from([b"", b"\0\0", b"\1\0", b"ISO_IR 100", b"ISO_IR 192", b"1.2.3"])


@st.composite
def values(draw: st.DrawFn) -> Value:
    tag = draw(st.sampled_from([CHARACTER_SET, *sorted(VALUES)]))
    if tag == CHARACTER_SET:  # pydicom takes no other VR and no nonsense here
        return Value(tag, "CS", draw(st.sampled_from([b"", b"ISO_IR 100", b"\\ISO 2022 IR 87", b"NONE"])))
    written = VALUES[tag] if draw(st.integers(0, 3)) else draw(st.sampled_from(["UN", "OB", "LO", "UT", "US", "SH"]))
    return Value(tag, written, draw(short_values))


@st.composite
def fragments(draw: st.DrawFn) -> Fragments:
    contents = draw(st.lists(st.binary(max_size=6).map(lambda half: half * 2), max_size=3))  # of even length
    return Fragments(draw(st.sampled_from([0x00420011, 0x60003000])), "OB", contents)


def sequences(nodes: st.SearchStrategy[Node], *, unknown: bool) -> st.SearchStrategy[Node]:
    return st.builds(
        Items,
        st.sampled_from(SEQUENCES),
        st.lists(st.lists(nodes, max_size=4), max_size=3),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["SQ", "SQ", "UN"]) if unknown else st.just("SQ"),
    )


def data_sets(*, unknown: bool = False, encapsulated: bool = True) -> st.SearchStrategy[list[Node]]:
    """Elements in any order, tags repeated. `unknown`: with sequences that are sent as UN, which readers differ on."""
    leaves: st.SearchStrategy[Node] = values() | fragments() if encapsulated else values()
    nodes = st.recursive(leaves, lambda inner: sequences(inner, unknown=unknown), max_leaves=12)
    return st.lists(nodes, min_size=1, max_size=8)
