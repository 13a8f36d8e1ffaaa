"""multipart/related, cut into pieces anywhere, beside Python's own parser of mail."""

import email.parser
import email.policy
import itertools
from collections.abc import Iterable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.related import Begin, Data, End, Malformed, Related

Parts = list[tuple[dict[str, str], bytes]]


def read(boundary: str, pieces: Iterable[bytes]) -> Parts:
    """The whole parts."""
    related = Related(boundary)
    parts: Parts = []
    for piece in pieces:
        take(related.feed(piece), parts)
    take(related.close(), parts)
    return parts


def take(events: Iterable[Begin | Data | End], parts: Parts) -> None:
    for event in events:
        if isinstance(event, Begin):
            parts.append((event.headers, b""))
        elif isinstance(event, Data):
            headers, content = parts[-1]
            parts[-1] = headers, content + bytes(event.view)


def by_mail(boundary: str, body: bytes) -> Parts:
    """The same by Python's parser."""
    head = f'Content-Type: multipart/related; boundary="{boundary}"\r\n\r\n'.encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    return [
        ({name.lower(): str(value) for name, value in part.items()}, part.get_payload(decode=True))  # type: ignore[misc]
        for part in message.iter_parts()  # type: ignore[attr-defined]
    ]


def cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})
    return [body[begin:end] for begin, end in itertools.pairwise(edges)]


# Pieces that look like boundaries and their parts; line ends in pairs only, since a mail's may be single.
CONTENT = st.lists(
    st.sampled_from([b"\r\n", b"\r\n--", b"--", b"B", b"\r\n--Bx", b"-", b" ", b"\0", b"\xff", b"DICM", b"a" * 40])
).map(b"".join)
# Python reads the values of these two as addresses.
TOKEN = st.text("abcXYZ019-", min_size=1, max_size=12).filter(lambda name: name not in ("cc", "bcc"))
PART = st.tuples(st.dictionaries(TOKEN, st.text("abc/;= 019", max_size=12).map(str.strip), max_size=3), CONTENT)


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(PART, min_size=1, max_size=4),
    preamble=st.sampled_from([b"", b"\r\n", b"of no account\r\n", b"--B of no account\r\n"]),
    padding=st.sampled_from([b"", b" ", b"\t  "]),
    end=st.sampled_from([b"", b"\r\n", b"\r\nof no account\r\n--B\r\n"]),
    places=st.lists(st.integers(0, 500), max_size=20),
)
def test_reads_what_pythons_mail_parser_reads(
    parts: Parts, preamble: bytes, padding: bytes, end: bytes, places: list[int]
) -> None:
    assume(not any(b"\r\n--B\r\n" in b"\r\n" + content + b"\r\n" or b"\r\n--B--" in content for _, content in parts))
    assume(not any(b"\r\n--B " in b"\r\n" + content for _, content in parts))
    assume(not any(content.startswith((b"--B", b"--B--")) for _, content in parts))
    body = preamble
    for headers, content in parts:
        block = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
        body += b"--B" + padding + b"\r\n" + block + b"\r\n" + content + b"\r\n"
    body += b"--B--" + padding + end
    found = read("B", cut(body, places))
    assert found == [({name.lower(): value for name, value in headers.items()}, content) for headers, content in parts]
    assert found == by_mail("B", body)


def test_every_cut_gives_the_same() -> None:
    body = b"x\r\n--B\r\nA: 1\r\n\r\n\r\n--Bx\r\n\r\n--B\r\n\r\n--B--"
    whole = read("B", [body])
    assert whole == [({"a": "1"}, b"\r\n--Bx\r\n"), ({}, b"")]
    for first in range(len(body)):
        assert read("B", [body[:first], body[first:]]) == whole
    assert read("B", [body[at : at + 1] for at in range(len(body))]) == whole


def test_bytes_are_received_in_place() -> None:
    body = b"--B\r\nA: 1\r\n\r\n" + b"\r\n--Bx" * 50_000 + b"\r\n--B--"
    related, parts, at = Related("B"), list[tuple[dict[str, str], bytes]](), 0
    while at < len(body):
        piece = body[at : at + min(len(related.room), 70_001)]
        related.room[: len(piece)] = piece
        take(related.took(len(piece)), parts)
        at += len(piece)
    take(related.close(), parts)
    assert parts == [({"a": "1"}, b"\r\n--Bx" * 50_000)]


def test_a_part_may_be_empty_or_have_no_headers() -> None:
    assert read("B", [b"--B\r\n\r\n\r\n--B\r\nA: 1\r\n\r\n--B--\r\n"]) == [({}, b""), ({"a": "1"}, b"")]


def test_headers_may_be_folded() -> None:
    assert read("B", [b"--B\r\nA: 1;\r\n  b=2\r\n\r\nx\r\n--B--"]) == [({"a": "1; b=2"}, b"x")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"--B",
        b"--B\r\n",
        b"--B\r\nA: 1\r\n\r\ncontent",
        b"--B\r\nA: 1\r\n\r\ncontent\r\n--B",
        b"--B\r\nno header\r\n\r\ncontent\r\n--B--",
        b"--B\r\nA: " + b"x" * 20_000 + b"\r\n\r\n\r\n--B--",
        b"--B\r\nA: " + b"x" * 20_000,
    ],
)
def test_what_is_not_whole_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read("B", [body])
    with pytest.raises(Malformed):
        read("B", [body[at : at + 1] for at in range(len(body))])


@pytest.mark.parametrize("boundary", ["", "x" * 71, "ends in space ", "é", "a\r\nb", "a\0b"])
def test_a_boundary_is_one_of_the_standards(boundary: str) -> None:
    with pytest.raises(Malformed):
        Related(boundary)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--B", b"\r\n--B", b" ", b":", b"a", b"\xff"]), max_size=200))
def test_holds_little_and_never_fails_otherwise(pieces: list[bytes]) -> None:
    related = Related("B")
    try:
        for piece in pieces:
            for _ in related.feed(piece):
                pass
            assert related._held < 300 or related._state.name == "HEADERS"
    except Malformed:
        return
