"""What peers say, right and wrong, and what an acceptor says to it: ours, and two others beside it.

`ours` is what stands in the standard; where a peer says something else, `why` tells which section we follow.
Words that stand for an abort are compared as such with the peers': they give other reasons, or none.
"""

import struct
from dataclasses import dataclass, field

from tests.support.upper import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    ASSOCIATE_RQ,
    C_CANCEL_RQ,
    C_ECHO_RQ,
    C_FIND_RQ,
    C_STORE_RSP,
    COMMAND,
    CT,
    DATA_TF,
    ECHO,
    INSTANCE,
    LAST,
    MR,
    N_ACTION_RQ,
    NO_DATA_SET,
    RELEASE_RP,
    RELEASE_RQ,
    bare,
    data,
    echo,
    order,
    pdv,
    request,
    store,
)

NOTHING: tuple[str, ...] = ()
USER, UNRECOGNISED, UNEXPECTED = ("abort 0/0",), ("abort 2/1",), ("abort 2/2",)
OUT_OF_ORDER, SENSELESS = ("abort 2/5",), ("abort 2/6",)
DONE = ("status 0000",)
ABORTS = ("abort",)


@dataclass(frozen=True)
class Script:
    """`said` on an association, or before one; what we answer, and what others do where they differ."""

    name: str
    said: bytes
    ours: tuple[str, ...]
    associated: bool = True
    pynetdicom: tuple[str, ...] | None = None
    dcmtk: tuple[str, ...] | None = None
    why: str = field(default="")


DATA_SET = b"".join(
    b"\x08\x00" + element + b"UI" + len(uid).to_bytes(2, "little") + uid
    for element, uid in ((b"\x16\x00", CT.encode() + b"\0"), (b"\x18\x00", INSTANCE.encode()))
)
"""As much of one as a receiver needs to know what it is."""


def _with_private(size: int) -> bytes:
    """And a private element of so many bytes."""
    return DATA_SET + b"\x29\x00\x10\x10OB\0\0" + size.to_bytes(4, "little") + bytes(size)


ORDER = data(pdv(1, COMMAND | LAST, order()))
HALF = ORDER + data(pdv(1, 0, DATA_SET[:10]))
REST = data(pdv(1, LAST, DATA_SET))
RELEASE = bare(RELEASE_RQ)
OUT_OF_PLACE = {"ac": ASSOCIATE_AC, "rj": ASSOCIATE_RJ, "release-rp": RELEASE_RP}
NO_PDU = {"00": 0x00, "08": 0x08, "ff": 0xFF}
_FIRST_CONTEXT = request().index(b"\x20\x00", 74)


def _context_id(number: int) -> bytes:
    """A request whose first context has that number."""
    return request()[: _FIRST_CONTEXT + 4] + bytes((number,)) + request()[_FIRST_CONTEXT + 5 :]


_USER = request().index(b"\x51\0\0\4") - 4
UNKNOWN = b"\x77\0\0\3abc"
CUT = b"\x77\0\xff\xffabc"


def _with(item: bytes, after: int, of: int | None = None) -> bytes:
    """A request with one more item at a place, which is within the item that begins at `of`."""
    grown = bytearray(request()[:after] + item + request()[after:])
    grown[2:6] = (len(grown) - 6).to_bytes(4)
    if of is not None:
        grown[of + 2 : of + 4] = (int.from_bytes(grown[of + 2 : of + 4]) + len(item)).to_bytes(2)
    return bytes(grown)


_PLACES: dict[str, tuple[int, int | None]] = {
    "": (_FIRST_CONTEXT, None),
    " of a context": (_FIRST_CONTEXT + 8, _FIRST_CONTEXT),
    " of the user": (_USER + 4, _USER),
}
"""Where there may be items that nobody knows."""


def _bytes_of(content: bytes) -> list[bytes]:
    return [pdv(1, 0, bytes((byte,))) for byte in content]


STA2 = [
    *(
        Script(f"sta2 {name}", bare(kind), USER, associated=False)
        for name, kind in {**OUT_OF_PLACE, "data": DATA_TF, "release": RELEASE_RQ}.items()
    ),
    Script("sta2 abort", bare(ABORT), NOTHING, associated=False),
    *(
        Script(
            f"sta2 no pdu {name}",
            bare(kind),
            USER,
            associated=False,
            pynetdicom=NOTHING,
            dcmtk=NOTHING,
            why="PS3.8 Table 9-10, Sta2, unrecognised PDU: AA-1; the peers say nothing or close",
        )
        for name, kind in NO_PDU.items()
    ),
    Script(
        "sta2 nonsense",
        bare(ASSOCIATE_RQ, b"\0\1" + b"nonsense" * 20),
        SENSELESS,
        associated=False,
        dcmtk=NOTHING,
        why="PS3.8 Table 9-10, Sta2, invalid PDU: an abort",
    ),
    Script(
        "sta2 an item that is cut",
        request()[: _FIRST_CONTEXT + 2] + b"\xff\xff" + request()[_FIRST_CONTEXT + 4 :],
        SENSELESS,
        associated=False,
        dcmtk=NOTHING,
        why="as before",
    ),
    Script("sta2 version 2", request()[:6] + b"\0\2" + request()[8:], ("reject 1/2/2",), associated=False),
    Script(
        "sta2 versions 1 and 2",
        request()[:6] + b"\0\3" + request()[8:],
        ("accept",),
        associated=False,
        pynetdicom=("reject 1/2/2",),
        why="PS3.8 Table 9-11: only bit 0 is tested",
    ),
    Script(
        "sta2 context name",
        request().replace(b"1.2.840.10008.3.1.1.1", b"1.2.840.10008.3.1.1.9"),
        ("reject 1/1/2",),
        associated=False,
        pynetdicom=("accept",),
        why="PS3.8 Table 9-21: 1/1/2 is its name",
    ),
    *(
        Script(
            f"sta2 context {number}",
            _context_id(number),
            SENSELESS,
            associated=False,
            pynetdicom=NOTHING,
            dcmtk=("accept",),
            why="PS3.8 Section 9.3.2.2: ids are odd, 1 to 255",
        )
        for number in (0, 2, 254)
    ),
    Script(
        "sta2 two contexts of one number",
        request(((1, CT), (1, ECHO))),
        SENSELESS,
        associated=False,
        pynetdicom=("accept",),
        dcmtk=("accept",),
        why="PS3.8 Section 7.1.1.13: an id stands for one context",
    ),
    *(
        Script(
            f"sta2 an unknown item{name}",
            _with(UNKNOWN, *place),
            ("accept",),
            associated=False,
            pynetdicom=ABORTS,
            why="PS3.8 Section 9.3.1: items that are not recognised are ignored and skipped",
        )
        for name, place in _PLACES.items()
    ),
    *(
        Script(
            f"sta2 an unknown item{name} that is cut",
            _with(CUT, *place),
            SENSELESS,
            associated=False,
            dcmtk=NOTHING,
            why="PS3.8 Table 9-10, Sta2, invalid PDU: an abort",
        )
        for name, place in _PLACES.items()
    ),
    Script(
        "sta2 titles padded with NUL",
        request()[:10] + request()[10:42].replace(b" ", b"\0") + request()[42:],
        ("accept",),
        associated=False,
        pynetdicom=ABORTS,
        why="devices pad so, and it is plain whom they mean; PS3.8 Table 9-11 knows spaces alone",
    ),
    Script("sta2 no context that is taken", request(((1, "1.2.3.4"),)), ("accept",), associated=False),
]

STA6 = [
    *(
        Script(f"{place}{name}", before + bare(kind), UNEXPECTED)
        for place, before in {"sta6 ": b"", "in a message: ": HALF}.items()
        for name, kind in {**OUT_OF_PLACE, "rq": ASSOCIATE_RQ}.items()
    ),
    *(
        Script(f"{place}no pdu {name}", before + bare(kind), UNRECOGNISED)
        for place, before in {"sta6 ": b"", "in a message: ": HALF}.items()
        for name, kind in NO_PDU.items()
    ),
    Script("sta6 abort", bare(ABORT), NOTHING),
    Script("in a command: abort", data(pdv(1, COMMAND, order()[:8])) + bare(ABORT), NOTHING),
    Script("in a message: abort", HALF + bare(ABORT), NOTHING),
    Script("release", RELEASE, ("released",)),
    Script("in a message: release", HALF + RELEASE, ("released",)),
]

MESSAGES = [
    Script("an echo", echo(), DONE),
    Script("two echoes at once", echo() + echo(), DONE * 2),
    Script("a store", store(DATA_SET), DONE),
    Script("a store and a release", store(DATA_SET) + RELEASE, (*DONE, "released")),
    Script("a store in one pdu", data(pdv(1, COMMAND | LAST, order()), pdv(1, LAST, DATA_SET)), DONE),
    Script("a command in even pieces", data(pdv(1, COMMAND, order()[:8]), pdv(1, 3, order()[8:])) + REST, DONE),
    Script(
        "a command in odd pieces, the last one empty",
        data(pdv(1, COMMAND, order()[:7]), pdv(1, COMMAND, order()[7:]), pdv(1, 3, b"")) + REST,
        DONE,
        dcmtk=ABORTS,
        why="we take fragments of odd length, which PS3.8 Annex E.1 forbids to senders",
    ),
    Script(
        "a byte in a pdu",
        ORDER + b"".join(map(data, _bytes_of(DATA_SET))) + data(pdv(1, LAST, b"")),
        DONE,
        dcmtk=ABORTS,
        why="as before",
    ),
    Script(
        "a byte in a value", ORDER + data(*_bytes_of(DATA_SET), pdv(1, LAST, b"")), DONE, dcmtk=ABORTS, why="as before"
    ),
    Script("the last value is empty", ORDER + data(pdv(1, 0, DATA_SET)) + data(pdv(1, LAST, b"")), DONE),
    Script("spare bits", data(pdv(1, 0xFF, order())) + data(pdv(1, 0xFE, DATA_SET)), DONE),
    Script("a pdu of 100 KiB", ORDER + data(pdv(1, LAST, _with_private(0x19000))), DONE),
    Script(
        "a pdu that is longer than we take",
        ORDER + data(pdv(1, LAST, _with_private(0x40000))),
        SENSELESS,
        pynetdicom=DONE,
        why="PS3.8 Annex D.1: the maximum length that was announced holds",
    ),
    Script(
        "an echo with a data set",
        data(pdv(3, 3, order(C_ECHO_RQ, ECHO, 0))) + data(pdv(3, LAST, DATA_SET)),
        DONE,
        dcmtk=ABORTS,
        why="harmless: we read it and answer",
    ),
    Script("a cancel", data(pdv(1, 3, order(C_CANCEL_RQ, CT, NO_DATA_SET))) + RELEASE, ("released",), dcmtk=ABORTS,
           why="PS3.7 Section 9.3.2.3: a cancel of what is over has no effect"),
]  # fmt: skip

REFUSALS = [
    Script(
        "an empty data set",
        ORDER + data(pdv(1, LAST, b"")),
        ("status C000",),
        pynetdicom=DONE,
        dcmtk=DONE,
        why="PS3.4 Table B.2-1: cannot understand",
    ),
    Script(
        "a data set of another instance",
        ORDER + data(pdv(1, LAST, DATA_SET[:-1] + b"9")),
        ("status A900",),
        pynetdicom=DONE,
        dcmtk=DONE,
        why="PS3.4 Table B.2-1: the data set does not match",
    ),
    Script(
        "a store without a data set",
        data(pdv(1, 3, order(data_set=NO_DATA_SET))),
        ("status C000",),
        pynetdicom=DONE,
        dcmtk=ABORTS,
        why="PS3.4 Table B.2-1: cannot understand",
    ),
    Script(
        "a store of another class",
        data(pdv(1, 3, order(sop_class=MR))) + REST,
        ("status 0122",),
        pynetdicom=DONE,
        dcmtk=DONE,
        why="PS3.7 Annex C.5.6: the class is that of the context",
    ),
    Script(
        "a find",
        data(pdv(1, 3, order(C_FIND_RQ, CT))) + REST,
        ("status 0211",),
        pynetdicom=ABORTS,
        dcmtk=ABORTS,
        why="PS3.7 Annex C.5.13: an operation that is not known here; the association may go on",
    ),
    Script(
        "an echo on a context for images",
        data(pdv(1, 3, order(C_ECHO_RQ, ECHO, NO_DATA_SET))),
        ("status 0211",),
        pynetdicom=DONE,
        dcmtk=DONE,
        why="as before: it is the operation of Verification (PS3.4 Annex A), and of no other class",
    ),
    Script(
        "an action",
        data(pdv(1, 3, order(N_ACTION_RQ, CT, NO_DATA_SET))),
        ("status 0211",),
        pynetdicom=NOTHING,
        dcmtk=ABORTS,
        why="as before",
    ),
    Script(
        "a field of nobody's",
        data(pdv(1, 3, order(0x7777, CT, NO_DATA_SET))),
        ("status 0211",),
        pynetdicom=NOTHING,
        dcmtk=ABORTS,
        why="as before",
    ),
    Script(
        "a response",
        data(pdv(1, 3, order(C_STORE_RSP, CT, NO_DATA_SET))),
        OUT_OF_ORDER,
        pynetdicom=NOTHING,
        why="nothing was asked of him",
    ),
]

WRONG = [
    Script("a value of length 0", data(struct.pack(">LBB", 0, 1, 3)), SENSELESS),
    Script("a value of length 1", data(struct.pack(">LBB", 1, 1, 3)), SENSELESS),
    Script("a value beyond its pdu", data(struct.pack(">LBB", 100, 1, 3) + b"short"), SENSELESS),
    Script("half a head of a value", data(b"\0\0\0"), SENSELESS),
    Script("no value", data(), SENSELESS, pynetdicom=NOTHING, why="PS3.8 Table 9-22: one or more"),
    *(
        Script(
            f"context {number}",
            data(pdv(number, 3, order())),
            SENSELESS,
            pynetdicom=NOTHING,
            why="PS3.8 Section 9.3.5.1: a context that was accepted",
        )
        for number in (0, 2, 5)
    ),
    Script("a data set first", REST, OUT_OF_ORDER),
    Script(
        "another context within a message",
        ORDER + data(pdv(3, LAST, DATA_SET)),
        OUT_OF_ORDER,
        pynetdicom=DONE,
        why="PS3.8 Annex E.1: the fragments of a message go over one context, one message after the other",
    ),
    Script("a command within a message", ORDER + ORDER, OUT_OF_ORDER, pynetdicom=NOTHING, why="as before"),
    Script("an echo within a message", HALF + echo(), OUT_OF_ORDER, pynetdicom=DONE, why="as before"),
    Script("no command", data(pdv(1, 3, b"no command")), SENSELESS, pynetdicom=NOTHING, why="it closes"),
    Script("an empty command", data(pdv(1, 3, b"")), SENSELESS, pynetdicom=NOTHING, why="it closes"),
    Script(
        "a command without an end",
        b"".join(data(pdv(1, COMMAND, bytes(16_000))) for _ in range(8)),
        SENSELESS,
        pynetdicom=NOTHING,
        dcmtk=NOTHING,
        why="no command is longer than 64 KiB, and memory is bounded",
    ),
]

STA13 = [
    Script("after a release: data", RELEASE + ORDER, ("released",), pynetdicom=ABORTS, why="PS3.8 Table 9-10: AA-6"),
    Script("after a release: another", RELEASE * 2, ("released",), pynetdicom=ABORTS, why="PS3.8 Table 9-10: AA-6"),
    Script("after a release: an abort", RELEASE + bare(ABORT), ("released",), pynetdicom=NOTHING, why="it closes"),
    Script(
        "after a release: a request",
        RELEASE + request(),
        ("released", "abort 2/2"),
        pynetdicom=ABORTS,
        dcmtk=("released",),
        why="PS3.8 Table 9-10: AA-7",
    ),
    Script(
        "after a release: no pdu",
        RELEASE + bare(0),
        ("released", "abort 2/1"),
        pynetdicom=ABORTS,
        dcmtk=("released",),
        why="PS3.8 Table 9-10: AA-7",
    ),
]

ALL = [*STA2, *STA6, *MESSAGES, *REFUSALS, *WRONG, *STA13]
