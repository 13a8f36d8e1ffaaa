"""What an erasure did, and what remains where and until when: for whoever has to answer for it (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.erasing.acting import Erased
from infra.erasing.holdings import Holding
from infra.erasing.searching import Matched
from infra.erasing.telling import Wish

BUCKETS = {"identified": "originals", "clean": "clean objects and headers", "derived": "pictures"}

AT_WORK = (
    "what a worker had in hand at that time may come late: the index keeps it out; say the same again to delete it"
)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left, where, and until when."""

    where: str
    what: str
    until: str


def remainders(done: Erased, retention: Mapping[str, str]) -> Iterator[Remainder]:
    """`retention`: by topic, in words. What nobody here can delete, or must not."""
    for topic, words in sorted(retention.items()):
        if what := _in_topic(topic):
            yield Remainder(f"topic {topic}", what, words.split(";")[0])
    if done.kept:
        yield Remainder(
            "buckets clean, derived", f"{len(done.kept)} objects that another arrival became too", "its own"
        )
    yield Remainder("ledger", LEDGER, "for ever")
    yield Remainder("receiver, accounts of associations", "counts by association", "the operator deletes them")
    yield Remainder(
        "receiver, view of arrivals", "a keyed digest, by which the same bytes are not taken again", "for ever"
    )
    yield Remainder("trace store", "our own ids and times", "the trace store's own term")
    yield Remainder("workers", AT_WORK, "they have ended, 15 minutes unless set otherwise")
    yield Remainder("backups of store, broker and database", "all that was there then", "the operator's own term")
    yield Remainder(
        "consumers", "what they took; clean.instance.retracted tells them to delete it", "they have done so"
    )


def _in_topic(topic: str) -> str | None:
    for beginning, what in _TOPICS.items():
        if topic.startswith(beginning):
            return what
    return None


LEDGER = (
    "for each arrival its keyed id, site, association, size and time: no UID, no key; "
    "of its dead letters their place, trace and the digest of the clean copy"
)
_TOPICS = {
    "identified.instance.received": "original SOP Instance UID, keyed ids, times",
    "identified.instance.erased": "the arrival's id and the ground",
    "identified.instance.": "keyed ids, verdicts and who decided",
    "identified.dead-letter": "records that nobody could handle, with what they say; none of it pixels",
    "identified.requeued": "records that were handled again, with what they say",
    "identified.parked": "records that waited for a brake, with what they say",
    "identified.audit": "who erased which arrival, when and why",
    "clean.instance.anonymised": "pseudonyms and the de-identified header, without pixels",
    "clean.instance.validated": "pseudonyms and the de-identified header, without pixels",
    "clean.instance.": "pseudonyms and our own ids",
    "clean.dead-letter": "records that nobody could handle, with pseudonyms and header",
    "clean.requeued": "records that were handled again, with pseudonyms and header",
    "clean.parked": "records that waited for a brake, with pseudonyms and header",
    "clean.study.": "nothing of an emptied study once the broker has compacted the topic; a tombstone until then",
}
"""What records about an erased arrival say, by how the topic's name begins; others say nothing of single ones."""


def as_json(
    done: Erased, wish: Wish, asked: Mapping[str, int], matched: Matched, at: datetime, retention: Mapping[str, str]
) -> dict[str, Any]:
    """The receipt for programs. Names no patient."""
    return {
        "receipt": wish.receipt,
        "actor": wish.actor,
        "ground": wish.ground,
        "at": at.astimezone(UTC).isoformat(),
        "complete": done.is_complete,
        "away": done.away or None,
        "asked": dict(asked),
        "originals_read": matched.read,
        "originals_that_do_not_say_whose_they_are": sorted(matched.unread),
        "arrivals": [_arrival(holding) for holding in done.holdings],
        "deleted": {bucket: done.deleted[bucket] for bucket in BUCKETS},
        "came_late": done.late,
        "index": "followed" if done.index else "not yet",
        "promises_broken": [
            {"arrival": holding.arrival, "until": holding.promised.astimezone(UTC).isoformat()}
            for holding in broken(done, at)
            if holding.promised
        ],
        "remains": [{"where": one.where, "what": one.what, "until": one.until} for one in remainders(done, retention)],
    }


def broken(done: Erased, at: datetime) -> list[Holding]:
    """What a site was promised to be kept for longer, by a storage commitment: the right to erasure wins."""
    return [holding for holding in done.holdings if holding.promised and holding.promised > at]


def as_text(receipt: Mapping[str, Any]) -> str:
    """The same for people."""
    lines = [
        f"Receipt {receipt['receipt']}, {receipt['at']}",
        f"by {receipt['actor']}, ground {receipt['ground']}",
        "complete" if receipt["complete"] else "NOT COMPLETE: say the same command again",
        "",
        f"arrivals    {len(receipt['arrivals'])}",
        *(f"deleted     {receipt['deleted'][bucket]} {what}" for bucket, what in BUCKETS.items()),
        f"index       {receipt['index']}",
    ]
    if receipt["originals_that_do_not_say_whose_they_are"]:
        count = len(receipt["originals_that_do_not_say_whose_they_are"])
        lines.append(f"unknown     {count} originals do not say whose they are: look at them (isocentre quarantine)")
    if receipt["promises_broken"]:
        last = max(one["until"] for one in receipt["promises_broken"])
        count = len(receipt["promises_broken"])
        lines.append(f"promises    {count} were promised to their site, the last until {last}: tell it")
    lines += ["", "What remains:"]
    lines += [f"- {one['where']}: {one['what']} (until: {one['until']})" for one in receipt["remains"]]
    return "\n".join(lines) + "\n"


def _arrival(holding: Holding) -> dict[str, Any]:
    first = holding.erased
    return {
        "arrival": holding.arrival,
        "site": holding.site,
        "copies": len(holding.copies),
        "first_erased_by": first.receipt if first else None,
    }
