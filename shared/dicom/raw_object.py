"""The name of a raw object, which says whose it is and what it holds: raw objects are a journal of what arrived."""

import re
from dataclasses import dataclass

SWEPT = "swept"
"""Stands for the association of an arrival that was announced from its object: nobody knows it any more."""

_KEY = re.compile(r"(?P<site>[a-z0-9-]+)/(?P<folder>[0-9a-f]{2})/(?P<digest>(?P=folder)[0-9a-f]{62})\.dcm")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What an object's key says."""

    site: str
    digest: str


def key_of(site: str, digest: str) -> str:
    """Where the bytes of an arrival lie in the bucket `identified`."""
    return f"{site}/{digest[:2]}/{digest}.dcm"


def arrived(key: str) -> Arrived | None:
    """The arrival whose bytes lie under `key`; None for what is none."""
    found = _KEY.fullmatch(key)
    return Arrived(found["site"], found["digest"]) if found else None
