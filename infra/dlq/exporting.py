"""Letters with their records, for whoever wants to look at them elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.dlq.acting import Topics
from infra.dlq.showing import as_json
from shared.letters import Letter
from shared.runner.again import raw_fields


def lines(topics: Topics, letters: Sequence[Letter]) -> Iterator[dict[str, Any]]:
    """Each letter with the value of its record: the one that it carries, or the one at its coordinates."""
    chosen = {letter.id: letter for letter in letters}
    for letter_id, whole in topics.whole(chosen.keys()):
        if whole.record_value is None:
            record = topics.record(whole.source_topic, whole.source_partition, whole.source_offset)
            if record is not None:
                whole = whole.model_copy(update=raw_fields(record))
        yield as_json(chosen[letter_id], whole)
