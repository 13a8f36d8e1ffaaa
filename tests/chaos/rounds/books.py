"""What the topics tell of each instance, and what is wrong with it when store and database are asked too.

Pure: records and listings in, findings out.
"""

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.rounds.sent import Acknowledged
from tests.support.topics import Record

LANES = (".bulk", ".rerun")
RECEIVED = "identified.instance.received"
INDEXED, THUMBNAILED = "clean.instance.indexed", "clean.instance.thumbnailed"
ANONYMISED, VALIDATED = "clean.instance.anonymised", "clean.instance.validated"
HELD = ("identified.instance.quarantined", "identified.instance.rejected")
REJECTED = "clean.instance.rejected"
LETTERS = ("identified.dead-letter", "clean.dead-letter")
STEPS = {ANONYMISED, VALIDATED}
"""That lead to an end in the index."""
ONCE = (RECEIVED, ANONYMISED, VALIDATED, INDEXED, THUMBNAILED, REJECTED, *HELD)
"""Of these an arrival has one fact at most."""
FOLLOWED = (*ONCE, *LETTERS)


def family(topic: str) -> str:
    """Without its lane."""
    for lane in LANES:
        topic = topic.removesuffix(lane)
    return topic


@dataclass
class Books:
    """Told facts: by raw key the arrivals, by arrival the ids of each kind of fact, with how often each was told."""

    arrivals: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    facts: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(dict))
    clean: dict[str, str] = field(default_factory=dict)
    """By clean key, the digest of its bytes."""
    pictures: set[str] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)
    """Of whatever did not simply go on, by topic."""
    unpictured: dict[str, str] = field(default_factory=dict)
    """By arrival, why it has no picture."""

    def add(self, record: Record) -> None:
        kind, event = family(record.topic), record.event()
        arrival = _source(event).get("arrival") if kind in LETTERS else event.get("arrival")
        if arrival is None:
            return
        ids = self.facts[arrival].setdefault(kind, Counter())
        fresh = record.id not in ids
        ids[str(record.id)] += 1
        if not fresh:
            return
        if kind == RECEIVED:
            self.arrivals[event["key"]].add(arrival)
        elif kind == ANONYMISED:
            self.clean[event["key"]] = event["digest"]
        elif kind == THUMBNAILED and event.get("picture"):
            self.pictures.add(event["picture"])
        if event.get("reason"):
            self.reasons[f"{kind} {event['reason']}"] += 1
        if kind == THUMBNAILED and event.get("reason"):
            self.unpictured[arrival] = event["reason"]

    def ends(self, arrival: str) -> set[str]:
        """How it ended: `clean` when it is indexed and was at the thumbnailer, else by the topic's name."""
        kinds = self.facts.get(arrival, {}).keys()
        ended = {kind for kind in (*HELD, REJECTED, *LETTERS) if kind in kinds}
        return ended | {"clean"} if {INDEXED, THUMBNAILED} <= kinds else ended

    def repeats(self) -> Counter[str]:
        """How often the same fact was told again, by kind."""
        told: Counter[str] = Counter()
        for kinds in self.facts.values():
            for kind, ids in kinds.items():
                told[kind] += ids.total() - len(ids)
        return +told

    def outstanding(self, wanted: Iterable[str]) -> list[str]:
        """Those raw keys that have not come to an end."""
        return [key for key in wanted if not any(self.ends(arrival) for arrival in self.arrivals.get(key, ()))]


def _source(letter: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event that a dead letter is about."""
    try:
        found = json.loads(base64.b64decode(letter.get("record_value") or ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Surfaces:
    """What there is beside the topics."""

    raw: frozenset[str]
    clean: frozenset[str]
    derived: frozenset[str]
    """Keys in the three buckets."""
    rows: Mapping[str, tuple[int, int]]
    """By arrival, its rows in the index, and its pictures there."""
    steps: int
    """Rows of the journey that stand there more than once."""
    counted: int
    """Indexed instances as the tracker counts them."""


@dataclass(frozen=True)
class Findings:
    """What is wrong, in words, each with the keys or arrivals that it befell."""

    lost: Mapping[str, tuple[str, ...]]
    doubled: Mapping[str, tuple[str, ...]]
    astray: Mapping[str, tuple[str, ...]]
    """Those that came to an end, and should have come to another."""

    def __bool__(self) -> bool:
        return any((self.lost, self.doubled, self.astray))

    def beyond(self, known: "Findings") -> "Findings":
        """But for what is known."""
        return Findings(
            _beyond(self.lost, known.lost), _beyond(self.doubled, known.doubled), _beyond(self.astray, known.astray)
        )

    def __str__(self) -> str:
        told = {**self.lost, **self.doubled, **self.astray}
        return ", ".join(f"{len(found)} {name} ({found[0]})" for name, found in told.items()) or "nothing"


def _beyond(found: Mapping[str, tuple[str, ...]], known: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    left = {what: tuple(sorted(set(those) - set(known.get(what, ())))) for what, those in found.items()}
    return {what: those for what, those in left.items() if those}


def findings(books: Books, sent: Mapping[str, Acknowledged], there: Surfaces) -> Findings:
    """Compare all witnesses. Call it when everything has had the time to come to its end."""
    return Findings(
        lost=_told(_lost(books, sent, there)),
        doubled=_told(_doubled(books, there)),
        astray=_told(_astray(books, sent)),
    )


Found = Iterator[tuple[str, Iterable[str]]]


def _told(found: Found) -> dict[str, tuple[str, ...]]:
    kept = {name: tuple(sorted(keys)) for name, keys in found}
    return {name: keys for name, keys in kept.items() if keys}


def _lost(books: Books, sent: Mapping[str, Acknowledged], there: Surfaces) -> Found:
    clean = {arrival for arrival in books.facts if "clean" in books.ends(arrival)}
    yield "acknowledged and not in the store", sent.keys() - there.raw
    yield "acknowledged and not announced", sent.keys() - books.arrivals.keys()
    yield "stored and not announced", there.raw - books.arrivals.keys()
    yield "announced and without an end", books.outstanding(books.arrivals)
    yield "clean and without a step before", {it for it in clean if not books.facts[it].keys() >= STEPS}
    yield "said to be indexed and not in the index", {it for it in clean if not there.rows.get(it, (0, 0))[0]}
    drawn = clean - books.unpictured.keys()
    yield (
        "said to have a picture and without one in the index",
        {it for it in drawn if there.rows.get(it, (1, 1))[1] == 0},
    )
    yield "said to be clean and not in the store", books.clean.keys() - there.clean
    yield "said to be drawn and not in the store", books.pictures - there.derived


def _doubled(books: Books, there: Surfaces) -> Found:
    yield "with two arrivals", {key for key, arrivals in books.arrivals.items() if len(arrivals) > 1}
    for kind in ONCE:
        yield f"with two ids in {kind}", {it for it, kinds in books.facts.items() if len(kinds.get(kind, ())) > 1}
    yield "with two ends", {arrival for arrival in books.facts if len(books.ends(arrival)) > 1}
    yield "twice in the index", {arrival for arrival, (rows, _) in there.rows.items() if rows > 1}
    yield "in the clean store without a fact", there.clean - books.clean.keys()
    yield "in the picture store without a fact", there.derived - books.pictures
    yield "steps twice in the journey", ["journey"] * there.steps
    indexed = sum(INDEXED in kinds for kinds in books.facts.values())
    yield "not counted once by the tracker", [f"{there.counted} for {indexed}"] if there.counted != indexed else []


def _astray(books: Books, sent: Mapping[str, Acknowledged]) -> Found:
    regular = {arrival for key, of in sent.items() if not of.poison for arrival in books.arrivals.get(key, ())}
    for end in (*HELD, REJECTED, *LETTERS):
        yield f"sound and in {end}", {arrival for arrival in regular if end in books.ends(arrival)}
    yield "sound and without a picture", regular & books.unpictured.keys()
