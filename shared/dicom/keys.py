"""A project's keys: which one makes pseudonyms now, and which ones did before (infra/adr/0012). Standard library only.

A ring holds the history of keys, one epoch each, of which exactly one is active, and the node's own key: that one
names arrivals and partitions, is never rotated, and makes no pseudonym.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from shared.misconfigured import Misconfigured

KEY_BYTES = 32
MIN_DISTINCT_BYTES = 8
"""Fewer are never seen in 32 random bytes, but in keys that somebody made up."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_RING_FIELDS = frozenset({"project", "node", "match_requires", "keys"})
_KEY_FIELDS = frozenset({"id", "epoch", "secret", "created", "retired"})


@dataclass(frozen=True, slots=True)
class Key:
    """One epoch's key. `id` is its public name, which events carry; `created` is unknown for keys of old files."""

    secret: bytes = field(repr=False)
    epoch: int = 1
    created: datetime | None = None
    retired: datetime | None = None

    @property
    def id(self) -> str:
        """Eight hexadecimal digits, computed from the secret, so that a mistyped secret does not pass for another."""
        return key_id(self.secret)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one project in the order of their epochs. Raises Misconfigured unless exactly one is active.

    `project`: None in files that do not say. `match_requires`: how many persons it takes to match pseudonyms (1 or 2).
    """

    keys: tuple[Key, ...]
    node: bytes = field(repr=False)
    project: str | None = None
    match_requires: int = 1

    def __post_init__(self) -> None:
        epochs = [key.epoch for key in self.keys]
        if not epochs or epochs != list(range(epochs[0], epochs[0] + len(epochs))) or epochs[0] < 1:
            raise Misconfigured("a key ring has at least one key, and their epochs follow each other")
        if self.keys[-1].retired is not None or any(key.retired is None for key in self.keys[:-1]):
            raise Misconfigured("exactly one key of a ring is active, and it is the last one")
        if len({key.id for key in self.keys}) < len(self.keys):
            raise Misconfigured("a key stands in the ring twice")
        for number, secret in enumerate([*(key.secret for key in self.keys), self.node], start=1):
            if len(secret) != KEY_BYTES or len(set(secret)) < MIN_DISTINCT_BYTES:
                raise Misconfigured(f"secret {number} of the ring is not {KEY_BYTES} random bytes")
        if self.match_requires not in (1, 2):
            raise Misconfigured("matching requires one person or two")

    @classmethod
    def new(cls, project: str | None = None, now: datetime | None = None, match_requires: int = 1) -> "KeyRing":
        """A ring of one fresh key. Raises Misconfigured when the project's name is none."""
        if project is not None and not _PROJECT.fullmatch(project):
            raise Misconfigured("a project's name has 1 to 32 small letters, digits and hyphens")
        first = Key(secrets.token_bytes(KEY_BYTES), created=now or datetime.now(UTC))
        return cls((first,), secrets.token_bytes(KEY_BYTES), project, match_requires)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """The ring that `text` holds: JSON, or 64 hexadecimal digits, which are a ring of one key.

        Raises Misconfigured, whose text quotes nothing.
        """
        if _HEX.fullmatch(text.strip()):
            only = bytes.fromhex(text.strip())
            return cls((Key(only),), node=only)
        try:
            content = json.loads(text)
        except ValueError:
            raise Misconfigured("a key is 64 hexadecimal digits, or a ring in JSON") from None
        return _ring(content)

    def dumps(self) -> str:
        """What `parse` reads."""
        content = {
            "project": self.project,
            "node": self.node.hex(),
            "match_requires": self.match_requires,
            "keys": [_told(key) for key in self.keys],
        }
        return json.dumps(content, indent=2) + "\n"

    @property
    def active(self) -> Key:
        """The key that makes pseudonyms now."""
        return self.keys[-1]

    def rotated(self, now: datetime | None = None) -> "KeyRing":
        """With a fresh active key. Every patient gets another code, and all that was received has to be done again."""
        when = now or datetime.now(UTC)
        fresh = Key(secrets.token_bytes(KEY_BYTES), self.active.epoch + 1, created=when)
        return replace(self, keys=(*self.keys[:-1], replace(self.active, retired=when), fresh))

    def group(self, stage: str) -> str:
        """The consumer group of a stage that makes pseudonyms.

        Each epoch has its own, which starts at the first arrival: so an epoch holds all of a patient or nothing yet,
        and a worker that still has the old key cannot do a part of the new epoch's work.
        """
        return stage if self.active.epoch == 1 else f"{stage}-{self.active.id}"

    def serve(self, project: str) -> None:
        """Raises Misconfigured when the ring is another project's: two projects under one key could be linked."""
        if self.project not in (None, project):
            raise Misconfigured(f"the key ring belongs to project {self.project}, the sites file to {project}")


def key_id(secret: bytes) -> str:
    """The public name of a key: 32 bits of an HMAC under it."""
    return hmac.digest(secret, b"isocentre/1/key-id", sha256)[:4].hex()


def _ring(content: Any) -> KeyRing:
    fields = _checked(content, _RING_FIELDS, "the key ring")
    keys = fields.get("keys")
    project, requires = fields.get("project"), fields.get("match_requires", 1)
    if not isinstance(keys, list):
        raise Misconfigured("the key ring has no list of keys")
    if project is not None and not (isinstance(project, str) and _PROJECT.fullmatch(project)):
        raise Misconfigured("the key ring's project is no name of a project")
    if type(requires) is not int:
        raise Misconfigured("match_requires is no number")
    parsed = tuple(_key(key, f"key {number}") for number, key in enumerate(keys, start=1))
    return KeyRing(parsed, _secret(fields, "node", "the key ring"), project, requires)


def _key(content: Any, where: str) -> Key:
    fields = _checked(content, _KEY_FIELDS, where)
    epoch = fields.get("epoch")
    if type(epoch) is not int:
        raise Misconfigured(f"{where} has no epoch")
    key = Key(_secret(fields, "secret", where), epoch, _time(fields, "created", where), _time(fields, "retired", where))
    if fields.get("id") != key.id:
        raise Misconfigured(f"{where}: its id is not that of its secret, so one of them was altered")
    return key


def _checked(content: Any, known: frozenset[str], where: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise Misconfigured(f"{where} is no JSON object")
    if not content.keys() <= known:
        raise Misconfigured(f"{where} has fields beyond {', '.join(sorted(known))}")
    return content


def _secret(fields: Mapping[str, Any], name: str, where: str) -> bytes:
    value = fields.get(name)
    if not (isinstance(value, str) and _HEX.fullmatch(value)):
        raise Misconfigured(f"{where}: {name} is not {2 * KEY_BYTES} hexadecimal digits")
    return bytes.fromhex(value)


def _time(fields: Mapping[str, Any], name: str, where: str) -> datetime | None:
    value = fields.get(name)
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Misconfigured(f"{where}: {name} is no time") from None
    if time.tzinfo is None:
        raise Misconfigured(f"{where}: {name} has no time zone")
    return time


def _told(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "epoch": key.epoch,
        "secret": key.secret.hex(),
        "created": _iso(key.created),
        "retired": _iso(key.retired),
    }


def _iso(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if time else None
