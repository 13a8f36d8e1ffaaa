"""Pseudonyms: everything that is computed from original values under the project's key.

Each use has a subkey of its own, made from the key and a label, so that no two kinds of value can be
compared with each other. Nothing is stored: the same input gives the same output on every worker and day.
"""

import base64
import hmac
import uuid
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from hashlib import sha256

from shared.dicom.keys import KeyRing, key_id
from shared.dicom.patients import Person, normalised, trimmed
from shared.dicom.shift import Shift, shift_of

MIN_KEY_BYTES = 16
CODE_BYTES = 13
"""104 bits: with the prefix still well within LO and PN (64 characters, PS3.5 Table 6.2-1)."""

_MOST_REMEMBERED = 8192

PSEUDONYMS = ("uid", "patient", "study-as-patient", "date-shift", "time-shift", "identity-rules", "value")
OWN_IDS = ("event", "arrival", "partition")
"""Labels: what a rotation of the key changes, and what it must not, lest a repeat be taken for something new."""


@dataclass(frozen=True, slots=True)
class PatientCode:
    """A patient's pseudonym; `from_study` when no patient ID was sent and the study stands in for the patient."""

    code: str
    from_study: bool = False

    def __str__(self) -> str:
        return self.code


class Pseudonyms:
    """Keyed identities of one project. Cheap to use from several threads; never shows the key.

    `key`: at least 16 bytes of secret, else ValueError. `node`: the secret that our own ids are made with, `key` itself
    unless given. `prefix`: one to eight capital letters or digits that patient codes begin with; it must say nothing
    about the site.
    """

    __slots__ = ("_macs", "_prefix", "_remembered", "key_id")

    def __init__(self, key: bytes, *, node: bytes | None = None, prefix: str = "IC") -> None:
        if min(len(key), len(key if node is None else node)) < MIN_KEY_BYTES:
            raise ValueError(f"a project key has at least {MIN_KEY_BYTES} bytes")
        secrets = dict.fromkeys(PSEUDONYMS, key) | dict.fromkeys(OWN_IDS, key if node is None else node)
        # Primed once: copying a primed HMAC is three times faster than keying a new one.
        self._macs = {label: hmac.new(_mac(secret, label), digestmod=sha256) for label, secret in secrets.items()}
        self._prefix = _checked(prefix)
        self._remembered: dict[tuple[str, str], str] = {}
        self.key_id = key_id(key)

    @classmethod
    def of(cls, ring: KeyRing, *, prefix: str = "IC") -> "Pseudonyms":
        """Under the ring's active key; our own ids under the node's, which outlives rotations."""
        return cls(ring.active.secret, node=ring.node, prefix=prefix)

    def __repr__(self) -> str:
        return f"Pseudonyms(prefix={self._prefix!r})"

    def prefixed(self, prefix: str) -> "Pseudonyms":
        """The same with another prefix of patient codes."""
        other = copy(self)
        other._prefix = _checked(prefix)
        return other

    def value(self, attribute: str, original: str) -> str:
        """A code for a value that is the same wherever it occurs in that attribute: an institution, say."""
        return self._remember(attribute, original, self._new_value)

    def uid(self, original: str) -> str:
        """The UID that replaces `original`: '2.25.' and the number of a version 8 UUID (PS3.5 B.2, RFC 9562).

        Padding is not part of a UID (PS3.5 Section 9.1), so it is ignored.
        """
        return self._remember("", original, self._new_uid)

    def patient_code(self, site: str, issuer: str, patient_id: str, study_uid: str) -> PatientCode:
        """The pseudonym of the patient `patient_id` of `issuer` at `site`.

        Leading and trailing spaces are insignificant in LO (PS3.5 Table 6.2-1) and dropped, Unicode is composed;
        case is kept, because LO is case sensitive and two patients taken for one do more harm than one for two.
        `site` may be the name of a domain that several sites share. A blank ID falls back to the study.
        """
        patient = normalised(patient_id)
        if patient:
            domain = hmac.new(self._digest("patient", site), digestmod=sha256)
            return PatientCode(self._coded(_finish(domain, normalised(issuer), patient)))
        return PatientCode(self._coded(self._digest("study-as-patient", site, trimmed(study_uid))), from_study=True)

    def code_of(self, person: Person, study_uid: str) -> PatientCode:
        """The same of a person as the declared rules see him (`shared.dicom.patients`)."""
        return self.patient_code(person.domain, person.issuer, person.patient_id, study_uid)

    def shift(self, code: PatientCode, *, whole_weeks: bool = False) -> Shift:
        """By how much the patient's time line moves: one answer per patient, however many dates there are.

        Whole weeks keep weekdays, and with them the gaps that weekends leave in a patient's time line.
        """
        days, seconds = (int.from_bytes(self._digest(f"{unit}-shift", code.code)[:16]) for unit in ("date", "time"))
        return shift_of(days, seconds, whole_weeks=whole_weeks)

    def rules_digest(self, *rules: str) -> str:
        """Names the rules under which a site's patients are coded, without saying them: for the profile's revision."""
        return self._digest("identity-rules", *rules)[:6].hex()

    def event_id(self, kind: str, *facts: str) -> str:
        """The id of an event of the identified side: the same kind and facts, the same id."""
        return str(_uuid8(self._digest("event", kind, *facts)))

    def arrival(self, site: str, digest: str) -> str:
        """The only name of an arrival that may cross to the clean side; `digest` is of the original bytes."""
        return self._digest("arrival", site, digest)[:16].hex()

    def partition_key(self, study_uid: str) -> str:
        """What keeps a study together before it has a pseudonym; cannot be compared with that pseudonym."""
        return self._digest("partition", trimmed(study_uid))[:16].hex()

    def _remember(self, attribute: str, original: str, made: Callable[[str, str], str]) -> str:
        """The instances of a series share most of their UIDs and coded values."""
        found = self._remembered.get((attribute, original))
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[attribute, original] = made(attribute, original)
        return found

    def _new_value(self, attribute: str, original: str) -> str:
        digest = self._digest("value", attribute, normalised(original))
        return base64.b32encode(digest[:CODE_BYTES]).decode("ascii").rstrip("=")

    def _new_uid(self, _: str, original: str) -> str:
        return f"2.25.{_uuid8(self._digest('uid', trimmed(original))).int}"

    def _digest(self, label: str, *parts: str) -> bytes:
        return _finish(self._macs[label].copy(), *parts)

    def _coded(self, digest: bytes) -> str:
        return f"{self._prefix}-{base64.b32encode(digest[:CODE_BYTES]).decode('ascii').rstrip('=')}"


def _checked(prefix: str) -> str:
    if not (prefix.isascii() and prefix.isalnum() and prefix.isupper() and len(prefix) <= 8):
        raise ValueError("a prefix is one to eight capital letters or digits, beginning with a letter")
    return prefix


def _mac(key: bytes, label: str) -> bytes:
    return hmac.digest(key, b"isocentre/1/" + label.encode("ascii"), sha256)


def _finish(mac: "hmac.HMAC", *parts: str) -> bytes:
    """The digest over `parts`, each preceded by its length, so that ('a', 'bc') differs from ('ab', 'c')."""
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        mac.update(len(data).to_bytes(8) + data)
    return mac.digest()


def _uuid8(digest: bytes) -> uuid.UUID:
    number = int.from_bytes(digest[:16])
    number = number & ~(0xF << 76) | 8 << 76  # version
    number = number & ~(0x3 << 62) | 2 << 62  # variant
    return uuid.UUID(int=number)
