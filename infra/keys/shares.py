"""A key ring in two halves, of which one alone says nothing: a one-time pad and what it hides."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from shared.misconfigured import Misconfigured

KIND = "isocentre key share"


@dataclass(frozen=True, slots=True)
class Share:
    """One half. `pair` is the same on both; `holder` says who keeps it."""

    pair: str
    number: int
    holder: str
    data: bytes = field(repr=False)

    def dumps(self) -> str:
        """What `parse` reads."""
        content = {"kind": KIND, "pair": self.pair, "number": self.number, "holder": self.holder}
        return json.dumps({**content, "data": self.data.hex()}, indent=2) + "\n"

    @classmethod
    def parse(cls, text: str) -> Share:
        """Raises Misconfigured, whose text quotes nothing."""
        try:
            content = json.loads(text)
            if content.pop("kind") != KIND:
                raise ValueError
            data = bytes.fromhex(content.pop("data"))
            share = cls(data=data, **content)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Misconfigured("this is no share of a key ring") from None
        if not (isinstance(share.pair, str) and share.number in (1, 2) and isinstance(share.holder, str)):
            raise Misconfigured("this is no share of a key ring")
        return share


def split(ring: str, holders: tuple[str, str]) -> tuple[Share, Share]:
    """The text of a key ring as two halves."""
    # The digest lies inside, where it says nothing to who has one half only.
    whole = sha256(ring.encode()).digest() + ring.encode()
    pad = secrets.token_bytes(len(whole))
    pair = secrets.token_hex(4)
    return Share(pair, 1, holders[0], pad), Share(pair, 2, holders[1], _xor(pad, whole))


def join(one: Share, other: Share) -> str:
    """The text that was split. Raises Misconfigured unless the two are the two halves of one."""
    if one.pair != other.pair or {one.number, other.number} != {1, 2} or len(one.data) != len(other.data):
        raise Misconfigured("these are not the two halves of one key ring")
    whole = _xor(one.data, other.data)
    digest, ring = whole[:32], whole[32:]
    if sha256(ring).digest() != digest:
        raise Misconfigured("one of the two halves was altered")
    return ring.decode()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
