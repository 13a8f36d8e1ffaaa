"""What the gateway asks of the index, beyond searches: objects, headers, pictures, and the console's lists."""

from dataclasses import dataclass
from typing import Protocol

from services.gateway.database import Row

RECENT = 20_000
"""Steps of journeys that are looked through for what is newest: bounds the cost, whatever the index holds."""
JOURNEY_STEPS = 4_000
"""The most steps of one answer: a study can have thousands of instances."""


class Fetching(Protocol):
    """The part of the database that is needed here."""

    def fetch(self, sql: str, parameters: tuple[object, ...] = ()) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """A study, a series of it, or an instance of that, by their UIDs."""

    study: str
    series: str | None = None
    instance: str | None = None

    def where(self) -> tuple[str, tuple[object, ...]]:
        """SQL and its parameters for rows that have all three UIDs."""
        named = {
            "study_instance_uid": self.study,
            "series_instance_uid": self.series,
            "sop_instance_uid": self.instance,
        }
        given = {column: uid for column, uid in named.items() if uid is not None}
        return " AND ".join(f"{column} = %s" for column in given), tuple(given.values())


OBJECTS = """
SELECT study_instance_uid, series_instance_uid, sop_instance_uid, key, transfer_syntax_uid FROM instance
WHERE {where} ORDER BY series_instance_uid, instance_number NULLS LAST, sop_instance_uid
"""
HEADERS = "SELECT sop_instance_uid, header, header_cut, header_key FROM instance WHERE sop_instance_uid = ANY(%s)"
# The picture in the middle of the series that has the most of them.
PICTURE = """
WITH shown AS (
    SELECT picture_key, digest, series_instance_uid,
        row_number() OVER (PARTITION BY series_instance_uid ORDER BY instance_number, sop_instance_uid) AS place,
        count(*) OVER (PARTITION BY series_instance_uid) AS many
    FROM instance_found WHERE {where} AND picture_key IS NOT NULL)
SELECT picture_key, digest FROM shown WHERE place = (many + 1) / 2 ORDER BY many DESC, series_instance_uid LIMIT 1
"""
STUDIES = """
WITH recent AS (
    SELECT study_instance_uid, max(at) AS at
    FROM (SELECT study_instance_uid, at FROM journey ORDER BY at DESC LIMIT {recent}) newest GROUP BY 1)
SELECT study.*, recent.at, {pictures} AS pictures
FROM study_found study LEFT JOIN recent USING (study_instance_uid) {where}
ORDER BY recent.at DESC NULLS LAST, study.study_date DESC NULLS LAST, study.study_instance_uid LIMIT %s OFFSET %s
"""
PICTURES = """(SELECT count(*) FROM instance_found i
    WHERE i.study_instance_uid = study.study_instance_uid AND i.picture_key IS NOT NULL)"""
SERIES = """
SELECT * FROM series_found WHERE study_instance_uid = %s ORDER BY series_number NULLS LAST, series_instance_uid
"""
INSTANCES = """
SELECT series_instance_uid, sop_instance_uid, instance_number, number_of_frames, picture_key, picture_reason
FROM instance_found WHERE study_instance_uid = %s
ORDER BY series_instance_uid, instance_number NULLS LAST, sop_instance_uid LIMIT 600
"""
INSTANCE = """
SELECT sop_instance_uid, study_instance_uid, series_instance_uid, project, site, patient_id, arrival, profile,
    sop_class_uid, transfer_syntax_uid, size, instance_number, number_of_frames, rows, columns, bits_allocated,
    picture_key, picture_width, picture_height, picture_reason,
    header #>> '{00080008,Value}' AS image_type, jsonb_array_length(bulk) AS bulk_elements
FROM instance_found WHERE sop_instance_uid = %s
"""
JOURNEYS = """
SELECT journey.*, instance.arrival IS NOT NULL AS in_index FROM journey
LEFT JOIN instance ON instance.sop_instance_uid = journey.sop_instance_uid AND instance.arrival = journey.arrival
WHERE {where} ORDER BY journey.at, journey.arrival LIMIT %s
"""
REFUSED = """
SELECT sop_instance_uid, step, reason, at, site FROM (
    SELECT * FROM journey ORDER BY at DESC LIMIT %s) newest
WHERE outcome = 'rejected' ORDER BY at DESC LIMIT %s
"""
SITE_COUNTS = "SELECT site, step, outcome, reason, count(*) AS count FROM journey GROUP BY 1, 2, 3, 4"


class Catalogue:
    """Answers from the index, as rows. Every method raises `Transient` when the database is away."""

    def __init__(self, database: Fetching) -> None:
        self._fetch = database.fetch

    def objects(self, scope: Scope) -> list[Row]:
        """UIDs, key and transfer syntax of every instance in `scope`."""
        where, parameters = scope.where()
        return self._fetch(OBJECTS.format(where=where), parameters)

    def headers(self, instances: list[str]) -> dict[str, Row]:
        """The header rows of a few instances by UID: ask for few, each can be megabytes."""
        return {row["sop_instance_uid"]: row for row in self._fetch(HEADERS, (instances,))}

    def picture(self, scope: Scope) -> Row | None:
        """Key and digest of the picture that stands for `scope`."""
        where, parameters = scope.where()
        return next(iter(self._fetch(PICTURE.format(where=where), parameters)), None)

    def studies(self, text: str, modality: str, site: str, limit: int, offset: int) -> list[Row]:
        """One page of the console's studies, those with the newest steps first."""
        where, parameters = _matching(text, modality, site)
        statement = STUDIES.format(recent=RECENT, pictures=PICTURES, where=where)
        return self._fetch(statement, (*parameters, limit, offset))

    def study_count(self, text: str, modality: str, site: str) -> int:
        """How many studies `studies` could show."""
        where, parameters = _matching(text, modality, site)
        counted = self._fetch(f"SELECT count(*) AS count FROM study_found study {where}", parameters)  # noqa: S608 ours
        return int(counted[0]["count"])

    def totals(self) -> Row:
        """Patients, studies and series."""
        return self._fetch(
            "SELECT (SELECT count(*) FROM patient) AS patients, (SELECT count(*) FROM study) AS studies,"
            " (SELECT count(*) FROM series) AS series"
        )[0]

    def modalities(self) -> list[str]:
        """Every modality there is."""
        found = self._fetch("SELECT DISTINCT modality FROM series WHERE modality IS NOT NULL ORDER BY 1")
        return [row["modality"] for row in found]

    def study(self, uid: str) -> Row | None:
        """One study with its counts."""
        statement = f"SELECT study.*, {PICTURES} AS pictures FROM study_found study WHERE study_instance_uid = %s"  # noqa: S608 ours
        return next(iter(self._fetch(statement, (uid,))), None)

    def series(self, study: str) -> list[Row]:
        """The series of a study."""
        return self._fetch(SERIES, (study,))

    def instances(self, study: str) -> list[Row]:
        """The first instances of a study, for a page."""
        return self._fetch(INSTANCES, (study,))

    def instance(self, uid: str) -> Row | None:
        """One instance with its picture."""
        return next(iter(self._fetch(INSTANCE, (uid,))), None)

    def journeys(self, uid: str) -> list[Row]:
        """The steps of every arrival that `uid` names: an instance, an arrival, a series, a study or a trace."""
        where = (
            "journey.sop_instance_uid = %s OR journey.arrival = %s OR journey.study_instance_uid = %s"
            " OR journey.series_instance_uid = %s OR journey.trace_id = %s"
        )
        return self._fetch(JOURNEYS.format(where=where), (uid, uid, uid, uid, uid, JOURNEY_STEPS))

    def journeys_of_instance(self, uid: str) -> list[Row]:
        """The steps of every arrival under one SOP Instance UID."""
        return self._fetch(JOURNEYS.format(where="journey.sop_instance_uid = %s"), (uid, JOURNEY_STEPS))

    def refused_in(self, study: str) -> list[Row]:
        """The refusals that concern a study, newest first."""
        return self._fetch(
            "SELECT sop_instance_uid, step, reason, at, site FROM journey"
            " WHERE study_instance_uid = %s AND outcome = 'rejected' ORDER BY at DESC LIMIT 100",
            (study,),
        )

    def refused(self, limit: int) -> list[Row]:
        """The newest refusals among the newest steps."""
        return self._fetch(REFUSED, (RECENT, limit))

    def site_counts(self) -> list[Row]:
        """How many arrivals of each site reached which outcome."""
        return self._fetch(SITE_COUNTS)


def _matching(text: str, modality: str, site: str) -> tuple[str, tuple[object, ...]]:
    tests: list[str] = []
    parameters: list[object] = []
    if text:
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        tests.append(
            "(study.study_instance_uid = %s OR study.patient_id ILIKE %s OR study.study_description ILIKE %s"
            " OR study.accession_number ILIKE %s)"
        )
        parameters += [text, pattern, pattern, pattern]
    if modality:
        tests.append("%s = ANY(study.modalities)")
        parameters.append(modality)
    if site:
        tests.append("study.site = %s")
        parameters.append(site)
    return f"WHERE {' AND '.join(tests)}" if tests else "", tuple(parameters)
