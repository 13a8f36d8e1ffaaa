"""Who sends what: instances dealt to two sites and several hands, and packed into associations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from infra.demo.examination import Instance
from shared.dicom.pdu import MOST_CONTEXTS

SITES = ("SITE_A", "SITE_B")
"""Calling AE titles of the two hospitals that the demo plays."""

CALLED = "ISOCENTRE"

Context = tuple[str, str]
"""SOP Class UID and transfer syntax UID."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What one thread sends in turn, as one site."""

    calling: str
    instances: tuple[Instance, ...]


@dataclass(slots=True)
class Batch:
    """What fits into one association."""

    instances: list[Instance] = field(default_factory=list)
    contexts: dict[Context, None] = field(default_factory=dict)


def context_of(instance: Instance) -> Context:
    """The one presentation context under which the data set can be sent as it is."""
    return (instance.sop_class_uid, instance.transfer_syntax_uid)


def site_of(instance: Instance) -> str:
    """The site that sends it: a study comes from one hospital, whatever the files are called."""
    subject = instance.study or instance.found.name
    return SITES[hashlib.sha256(subject.encode()).digest()[0] % len(SITES)]


def deal(instances: Iterable[Instance], per_site: int) -> list[Hand]:
    """Deal the instances of each site to `per_site` hands; empty ones are left out."""
    hands: dict[tuple[str, int], list[Instance]] = {}
    dealt = dict.fromkeys(SITES, 0)
    for instance in instances:
        site = site_of(instance)
        hands.setdefault((site, dealt[site] % per_site), []).append(instance)
        dealt[site] += 1
    return [Hand(site, tuple(hand)) for (site, _), hand in sorted(hands.items())]


def next_batch(pending: Sequence[Instance], most_contexts: int = MOST_CONTEXTS) -> Batch:
    """As many of the first instances as one association can carry."""
    batch = Batch()
    for instance in pending:
        context = context_of(instance)
        if context not in batch.contexts and len(batch.contexts) == most_contexts:
            break
        batch.contexts[context] = None
        batch.instances.append(instance)
    return batch
