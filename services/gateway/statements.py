"""Builds the SQL of a search: text of ours, values as parameters only."""

from dataclasses import dataclass
from datetime import date, datetime

from services.gateway.attributes import AT_EVERY_LEVEL, LEVELS, OF_LEVEL, Attribute, Level, Matching, uid_attribute
from services.gateway.qido import Between, Condition, Equal, Like, OneOf, Query

PAGE = 1000
"""The most results of one answer (PS3.18 8.3.4.4, maxResults)."""
WHOLE_HEADERS = 100
"""The most results of an answer that carries whole headers: each can be megabytes."""
SOURCES = {
    Level.STUDY: "study_found study",
    Level.SERIES: "series_found series JOIN study_found study ON study.study_instance_uid = series.study_instance_uid",
    Level.INSTANCE: (
        "instance_found instance"
        " JOIN series_found series ON series.study_instance_uid = instance.study_instance_uid"
        " AND series.series_instance_uid = instance.series_instance_uid"
        " JOIN study_found study ON study.study_instance_uid = instance.study_instance_uid"
    ),
}
ORDERS = {
    Level.STUDY: "study.study_date DESC NULLS LAST, study.study_instance_uid",
    Level.SERIES: "series.study_instance_uid, series.series_number NULLS LAST, series.series_instance_uid",
    Level.INSTANCE: (
        "instance.study_instance_uid, instance.series_instance_uid, instance.instance_number NULLS LAST,"
        " instance.sop_instance_uid"
    ),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters; the columns of its rows are the values of `attributes`, then a header or NULL."""

    sql: str
    parameters: tuple[object, ...]
    attributes: tuple[Attribute, ...]
    limit: int


def search(query: Query) -> Statement:
    """The statement for `query`. It asks for one row more than its `limit`, which tells whether there are more."""
    attributes = returned(query)
    header, header_parameters = _header(query)
    tests = [_test(condition) for condition in query.conditions]
    most = PAGE if header == "NULL" else WHOLE_HEADERS
    limit = most if query.limit is None else min(query.limit, most)
    # Every piece is a constant of this package; what came in the request is in the parameters.
    pieces = [
        "SELECT",
        ", ".join([*(attribute.column for attribute in attributes), header]),
        "FROM",
        SOURCES[query.level],
        "WHERE" if tests else "",
        " AND ".join(text for text, _ in tests),
        "ORDER BY",
        ORDERS[query.level],
        "LIMIT %s OFFSET %s",
    ]
    values = [value for _, parameters in tests for value in parameters]
    return Statement(" ".join(pieces), (*header_parameters, *values, limit + 1, query.offset), attributes, limit)


def returned(query: Query) -> tuple[Attribute, ...]:
    """The attributes that an answer to `query` carries (PS3.18 10.6.3.3), by tag.

    Those of the level and of every parent that the URL does not name, the parents' UIDs, what was matched and
    what was asked for.
    """
    outside = LEVELS.index(query.within) + 1 if query.within else 0
    shown = LEVELS[outside : LEVELS.index(query.level) + 1]
    chosen = {item for level in shown for item in OF_LEVEL[level] if item.required or query.include_all}
    chosen |= AT_EVERY_LEVEL | {uid_attribute(level) for level in LEVELS if query.level.holds(level)}
    return tuple(sorted(chosen | query.include, key=lambda item: item.tag))


def _header(query: Query) -> tuple[str, tuple[object, ...]]:
    if query.level is not Level.INSTANCE:
        return "NULL", ()
    if query.include_all:
        return "instance.header", ()
    if query.header_tags:
        part = "(SELECT jsonb_object_agg(key, value) FROM jsonb_each(instance.header) WHERE key = ANY(%s))"
        return part, (sorted(query.header_tags),)
    return "NULL", ()


def _test(condition: Condition) -> tuple[str, tuple[object, ...]]:
    attribute = condition.attribute
    column = attribute.column
    match condition:
        case Equal(_, value) if attribute.matching is Matching.SET:
            return f"%s = ANY({column})", (value,)
        case Like(_, pattern) if attribute.matching is Matching.SET:
            return f"EXISTS (SELECT FROM unnest({column}) item WHERE item LIKE %s)", (like(pattern),)
        case Equal(_, value) if attribute.vr == "PN":
            return f"lower({column}) = lower(%s)", (value,)
        case Equal(_, value):
            return f"{column} = %s", (_typed(attribute, value),)
        case Like(_, pattern):
            return f"{column} {'ILIKE' if attribute.vr == 'PN' else 'LIKE'} %s", (like(pattern),)
        case OneOf(_, values):
            return f"{column} = ANY(%s)", (list(values),)
        case Between(_, low, high):
            return _between(attribute, low, high)


def _between(attribute: Attribute, low: str | None, high: str | None) -> tuple[str, tuple[object, ...]]:
    # Times are text: "10" lies before "1030", and "~" behind every digit makes the upper end include its fractions.
    time = attribute.matching is Matching.TIME
    column = f'{attribute.column} COLLATE "C"' if time else attribute.column
    tests: list[str] = []
    values: list[object] = []
    if low is not None:
        tests.append(f"{column} >= %s")
        values.append(_typed(attribute, low))
    if high is not None:
        tests.append(f"{column} <= %s")
        values.append(f"{high}~" if time else _typed(attribute, high))
    return f"({' AND '.join(tests)})", tuple(values)


def like(pattern: str) -> str:
    """A wild card pattern of DICOM as one of SQL's LIKE."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def _typed(attribute: Attribute, value: str) -> date | int | str:
    if attribute.matching is Matching.DATE:
        return datetime.strptime(value, "%Y%m%d").date()
    return int(value) if attribute.matching is Matching.NUMBER else value
