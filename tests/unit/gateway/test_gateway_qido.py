"""The query of a search read, and the SQL that is made of it: text of ours, values as parameters only."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import qido, statements
from services.gateway.attributes import ALL, LEVELS, Level, tag_of
from services.gateway.qido import Between, Equal, Like, OneOf, QueryRefused


def read(level: Level = Level.STUDY, path: dict[str, str] | None = None, **parameters: str) -> qido.Query:
    return qido.read(level, parameters.items(), path)


@pytest.mark.parametrize(
    ("keyword", "value", "kind"),
    [
        ("PatientID", "A", Equal),
        ("PatientID", "A*", Like),
        ("PatientID", "A?", Like),
        ("StudyDate", "20200229", Equal),
        ("StudyDate", "20200229-", Between),
        ("StudyTime", "10", Between),
        ("StudyInstanceUID", "1.2", Equal),
        ("StudyInstanceUID", "1.2,1.3", OneOf),
        ("StudyInstanceUID", "1.2\\1.3", OneOf),
        ("NumberOfStudyRelatedSeries", "3", Equal),
    ],
)
def test_the_form_of_a_value_and_its_vr_tell_how_it_is_matched(keyword: str, value: str, kind: type) -> None:
    (condition,) = read(**{keyword: value}).conditions
    assert isinstance(condition, kind)
    assert condition.attribute.keyword == keyword


@pytest.mark.parametrize("value", ["", "*"])
def test_universal_matching_asks_for_the_attribute_and_tests_nothing(value: str) -> None:
    query = read(StudyDescription=value)
    assert query.conditions == ()
    assert {item.keyword for item in query.include} == {"StudyDescription"}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyDate", "20210229"),
        ("StudyDate", "2021"),
        ("StudyDate", "20210101-20210102-20210103"),
        ("StudyTime", "1"),
        ("StudyInstanceUID", "1.2,"),
        ("StudyInstanceUID", "1*"),
        ("NumberOfStudyRelatedSeries", "many"),
        ("PatientID", "x" * 257),
        ("PatientID", "a\0b"),
        ("InstanceAvailability", "ONLINE"),
        ("SOPInstanceUID", "1.2"),
        ("PatientAge", "030Y"),
        ("nonsense", "1"),
        ("offset", "1e3"),
        ("limit", "²"),
    ],
)
def test_refusals_never_repeat_the_value(keyword: str, value: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        read(**{keyword: value})
    assert len(value) < 3 or value not in str(refused.value)


def test_options_are_no_attributes() -> None:
    query = read(
        limit="10",
        offset="20",
        fuzzymatching="true",
        accept="x",
        emptyvaluematching="true",
        includefield="all,PatientID",
    )
    assert (query.limit, query.offset, query.fuzzy, query.include_all, query.conditions) == (10, 20, True, True, ())


@pytest.mark.parametrize(
    ("name", "columns", "header"),
    [
        ("PatientID", {"PatientID"}, set()),
        ("00100020", {"PatientID"}, set()),
        ("PixelSpacing", set(), {"00280030"}),
        ("RequestAttributesSequence.ScheduledProcedureStepID", set(), {"00400275"}),
        ("00091001", set(), {"00091001"}),
        ("", set(), set()),
    ],
)
def test_includefield(name: str, columns: set[str], header: set[str]) -> None:
    query = read(Level.INSTANCE, includefield=name)
    assert {item.keyword for item in query.include} == columns
    assert query.header_tags == header


@pytest.mark.parametrize("name", ["nonsense", "PatientID.nonsense", "0010002", "."])
def test_includefield_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(QueryRefused):
        read(includefield=name)


def test_tags_and_keywords_are_the_same() -> None:
    assert tag_of("PatientID") == tag_of("00100020") == "00100020"
    assert tag_of("0020000d") == "0020000D"
    assert tag_of("00091001") is None


@given(st.sampled_from(ALL), st.text(max_size=40))
def test_no_value_gets_into_the_sql(attribute: object, value: str) -> None:
    keyword = attribute.keyword  # type: ignore[attr-defined]
    try:
        query = qido.read(Level.INSTANCE, [(keyword, value)])
    except QueryRefused:
        return
    plain = statements.search(query).sql
    assert plain.count("%s") == len(statements.search(query).parameters)
    harmless = {character for character in value if character.isalnum() or character in ".-*?, _"}
    assert set(value) <= harmless or value not in plain


@pytest.mark.parametrize(
    ("parameters", "text", "values"),
    [
        ({"PatientID": "A'; --"}, "study.patient_id = %s", ("A'; --",)),
        ({"PatientID": "A_%*\\?"}, "study.patient_id LIKE %s", ("A\\_\\%%\\\\_",)),
        ({"PatientName": "Doe*"}, "study.patient_name ILIKE %s", ("Doe%",)),
        ({"PatientName": "Doe"}, "lower(study.patient_name) = lower(%s)", ("Doe",)),
        ({"StudyDate": "20200229"}, "study.study_date = %s", (date(2020, 2, 29),)),
        ({"StudyDate": "-20200229"}, "(study.study_date <= %s)", (date(2020, 2, 29),)),
        (
            {"StudyTime": "10-1130"},
            '(study.study_time COLLATE "C" >= %s AND study.study_time COLLATE "C" <= %s)',
            ("10", "1130~"),
        ),
        ({"ModalitiesInStudy": "CT"}, "%s = ANY(study.modalities)", ("CT",)),
        ({"StudyInstanceUID": "1.2,1.3"}, "study.study_instance_uid = ANY(%s)", (["1.2", "1.3"],)),
        ({"NumberOfStudyRelatedSeries": "3"}, "study.number_of_series = %s", (3,)),
    ],
)
def test_conditions_as_sql(parameters: dict[str, str], text: str, values: tuple[object, ...]) -> None:
    statement = statements.search(read(**parameters))
    assert f"WHERE {text} ORDER BY" in statement.sql
    assert statement.parameters == (*values, statements.PAGE + 1, 0)


def test_the_url_narrows_and_spares_the_parents_attributes() -> None:
    path = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3"}
    free, within = (statements.returned(read(Level.INSTANCE, where)) for where in (None, path))
    keywords = {item.keyword for item in within}
    assert {"PatientName", "Modality"} <= {item.keyword for item in free}
    assert not {"PatientName", "Modality"} & keywords
    assert {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "InstanceAvailability"} <= keywords
    assert statements.search(read(Level.INSTANCE, path)).parameters[:2] == ("1.2", "1.3")


@pytest.mark.parametrize("level", LEVELS)
def test_attributes_come_in_the_order_of_tags_and_each_once(level: Level) -> None:
    tags = [item.tag for item in statements.returned(read(level, includefield="all"))]
    assert tags == sorted(set(tags))


@pytest.mark.parametrize(("asked", "most"), [(None, 1000), ("10", 10), ("5000", 1000), ("0", 0)])
def test_an_answer_never_holds_more_than_a_page(asked: str | None, most: int) -> None:
    statement = statements.search(read(**({"limit": asked} if asked else {})))
    assert (statement.limit, statement.parameters[-2:]) == (most, (most + 1, 0))


def test_whole_headers_come_in_smaller_pages() -> None:
    assert statements.search(read(Level.INSTANCE, includefield="all")).limit == statements.WHOLE_HEADERS
    assert statements.search(read(Level.STUDY, includefield="all")).limit == statements.PAGE
    asked = statements.search(read(Level.INSTANCE, includefield="PixelSpacing"))
    assert (asked.limit, asked.parameters[0]) == (statements.WHOLE_HEADERS, ["00280030"])
