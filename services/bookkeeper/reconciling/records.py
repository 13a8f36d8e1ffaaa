"""What the topics hold that the books could make nothing of."""

from collections.abc import Iterator

from services.bookkeeper.comparing.cut import Cut
from services.bookkeeper.comparing.difference import Difference, Kind
from shared.database.reading import Reader

# A person may have looked at such a record as a dead letter, and settled it.
_UNDECODABLE = """
SELECT u.topic, u.partition, u."offset" FROM undecodable u WHERE NOT EXISTS (
    SELECT FROM letter l WHERE l.source_topic = u.topic AND l.source_partition = u.partition
        AND l.source_offset = u."offset" AND l.settled IS NOT NULL)
ORDER BY 1, 2, 3
"""
_ASTRAY = """
SELECT l.letter, coalesce(l.site, ''), l.stage, l.reason FROM letter l
LEFT JOIN arrival a ON a.arrival = l.arrival
WHERE l.settled IS NULL AND a.arrival IS NULL AND (%(site)s::text IS NULL OR l.site = %(site)s)
ORDER BY l.at
"""


def differences(ledger: Reader, cut: Cut) -> Iterator[Difference]:
    """Of all, or of a site: they belong to nothing narrower. Raises Transient."""
    if cut.is_whole:
        for topic, partition, offset in ledger.rows(_UNDECODABLE):
            yield Difference(Kind.UNDECODABLE, detail=f"{topic}/{partition} at {offset}")
    if not cut.is_narrow:
        for letter, site, stage, reason in ledger.rows(_ASTRAY, site=cut.site):
            yield Difference(Kind.LETTER_ASTRAY, site, detail=f"letter {letter} of {stage}: {reason}")
