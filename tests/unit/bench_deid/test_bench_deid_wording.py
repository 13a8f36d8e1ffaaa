"""Both sets of phrases and names: each can be loaded, has what a data set needs, and can be filled."""

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from tests.bench.deid import dataset
from tests.bench.deid.__main__ import main
from tests.bench.deid.dates import dates_in
from tests.bench.deid.inject import headers
from tests.bench.deid.normal import compact
from tests.bench.deid.people import Place, latin, patient, visit
from tests.bench.deid.phrases import SLOTS, Case, fill, pick
from tests.bench.deid.wording import FIRST, HELD_OUT, LISTS, NAMES, PHRASES, WORDINGS, Phrase, Wording

SETS = [one for one in WORDINGS.values() if one.there]
IMAGES = ("CT", "MR", "PT", "DX", "CR", "MG", "US")
MODALITIES = (*IMAGES, "SR", "OT", "PR")
LANGUAGES = {"de": 2, "fr": 2, "es": 2, "it": 2, "nl": 2, "pl": 1, "pt": 1, "sv": 1}
ENTRIES = {"study": 60, "series": 45, "contrast": 10, "diagnosis": 18, "comment": 45, "history": 24}
ENTRIES |= {"derivation": 8, "finding": 30, "label": 12}
PEOPLE = ("patient", "patient.upper", "family", "family.upper", "given", "physician", "physician.family", "operator")
USED = (*PEOPLE, "stranger", "relative", "title", "title_de", "age", "dob", "date", "phone", "email", "street", "town")
USED += ("hospital", "ward", "mrn", "accession", "order", "ssn", "insurance", "occupation")
LISTED = {"given": 180, "family": 200, "towns": 70, "institutions": 35, "streets": 50, "occupations": 15, "dates": 6}

of_each_set = pytest.mark.parametrize("wording", SETS, ids=lambda one: one.name)


def all_phrases(wording: Wording) -> list[Phrase]:
    return [one for some in wording.phrases.values() for one in some]


def slots(template: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", template)


def meant_for(phrase: Phrase) -> list[str]:
    told = phrase.get("for", [])
    return [told] if isinstance(told, str) else told


def case(random: Random, modality: str, wording: Wording) -> Case:
    one = patient(random, wording)
    return Case(one, visit(random, one, wording), modality, wording)


def test_the_first_set_is_the_one_that_is_used_by_default() -> None:
    assert FIRST in SETS
    assert dataset.make.__kwdefaults__["wording"] is FIRST
    assert (len(all_phrases(FIRST)), len(SLOTS)) > (300, 30)
    assert len(FIRST.entries("given")) >= 400


@of_each_set
def test_all_kinds_have_enough_phrases_that_say_nothing_twice(wording: Wording) -> None:
    assert {kind: len(some) for kind, some in wording.phrases.items() if len(some) < ENTRIES[kind]} == {}
    assert set(wording.phrases) == set(ENTRIES)
    texts = [one["text"] for one in all_phrases(wording)]
    assert [text for text, times in Counter(texts).items() if times > 1] == []
    assert len(texts) >= 280


@of_each_set
def test_phrases_are_of_the_known_form(wording: Wording) -> None:
    for one in all_phrases(wording):
        text = one["text"]
        assert set(one) <= {"text", "for", "in"}
        assert set(meant_for(one)) <= set(MODALITIES), text
        assert one.get("in", "de") in LANGUAGES, text
        assert set(slots(text)) <= set(SLOTS), text
        assert not re.search(r"[\[\]{}\n\t]", re.sub(r"\[[^][{}]+\]|\{[a-z_.]+\}", "", text)), text
        assert latin(text) or one.get("in") == "pl", text


@of_each_set
def test_the_set_uses_the_required_slots_and_languages(wording: Wording) -> None:
    used = Counter(slot for one in all_phrases(wording) for slot in slots(one["text"]))
    assert [slot for slot in USED if not used[slot]] == []
    spoken = Counter(one["in"] for one in all_phrases(wording) if "in" in one)
    assert [language for language, least in LANGUAGES.items() if spoken[language] < least] == []
    assert spoken.total() >= 40


@of_each_set
def test_phrases_hold_what_stays_and_what_goes(wording: Wording) -> None:
    for some in wording.phrases.values():
        assert {bool(slots(one["text"])) for one in some} == {True, False}
    texts = [one["text"] for one in all_phrases(wording)]
    assert sum("[" in text for text in texts) > len(texts) / 2
    assert len(texts) / 3 < sum("{" in text for text in texts) < 4 * len(texts) / 5


@of_each_set
@pytest.mark.parametrize("modality", MODALITIES)
def test_every_modality_has_its_phrases(wording: Wording, modality: str) -> None:
    for kind in set(ENTRIES) - ({"contrast"} if modality not in ("CT", "MR") else set()):
        english = [one for one in wording.phrases[kind] if "in" not in one]
        assert len([one for one in english if modality in (meant_for(one) or MODALITIES)]) >= 2, kind
    for kind in ("study", "series") if modality in IMAGES else ():
        assert len([one for one in wording.phrases[kind] if modality in meant_for(one)]) >= 4, kind


@of_each_set
@pytest.mark.parametrize("modality", MODALITIES)
def test_a_phrase_of_every_kind_can_be_picked_for_everybody(wording: Wording, modality: str) -> None:
    random = Random(modality)
    asked = {(how["kind"], how["limit"]) for how in headers()["text"].values()} | {("label", 64), ("finding", 4000)}
    asked |= {("contrast", 64)} if modality in ("CT", "MR") else set()
    for _ in range(40):
        one = case(random, modality, wording)
        for kind, limit in sorted(asked):
            assert 0 < len(pick(kind, one, random, limit).text) <= limit


@of_each_set
def test_every_template_can_be_filled(wording: Wording) -> None:
    random = Random("fill")
    for phrase in all_phrases(wording):
        filled = fill(phrase["text"], case(random, "CT", wording), random)
        assert not set("{}[]") & set(filled.text)
        assert all(compact(part) in compact(filled.text) for part in filled.kept)
        assert all(compact(part.value) in compact(filled.text) for part in filled.gone if part.how == "whole")


@of_each_set
def test_the_lists_are_long_and_say_nothing_twice(wording: Wording) -> None:
    assert set(LISTED) == set(NAMES)
    for name, least in LISTED.items():
        assert len(wording.entries(name)) == len(set(wording.entries(name))) >= least, name
    for name in ("given", "family"):
        assert sum(map(latin, wording.entries(name))) >= 0.9 * len(wording.entries(name))
    assert all(map(latin, wording.entries("towns")))
    borne = Counter(one.rpartition(":")[2] for one in wording.entries("given"))
    assert set(borne) == {"f", "m"}
    assert min(borne.values()) >= 60


@of_each_set
def test_places_tell_what_identifies_them(wording: Wording) -> None:
    for marked in wording.entries("institutions"):
        assert Place.of(marked, "Augsburg").identifying, marked
    for marked in (*wording.entries("institutions"), *wording.entries("occupations")):
        assert not set("*{}") & set(Place.of(marked, "Augsburg").text), marked


@of_each_set
def test_the_scorer_reads_every_form_of_dates(wording: Wording) -> None:
    for form in wording.entries("dates"):
        for day in (date(1930, 1, 1) + timedelta(days=61 * number) for number in range(500)):
            assert [day in days for days in dates_in(day.strftime(form))] == [True]
        assert sorted(re.findall("%.", form.replace("%b", "%m").replace("%B", "%m"))) == ["%Y", "%d", "%m"]


def test_the_sets_share_no_phrase() -> None:
    texts = Counter(one["text"] for wording in SETS for one in all_phrases(wording))
    assert [text for text, times in texts.items() if times > 1] == []


def test_what_a_set_lacks_is_of_the_first(tmp_path: Path) -> None:
    (tmp_path / PHRASES).write_text("study:\n  - {text: '[CT]'}\n", encoding="utf-8")
    (tmp_path / "towns.txt").write_text("# Towns.\nNowhere\n", encoding="utf-8")
    own = Wording("own", tmp_path)
    assert own.entries("towns") == ("Nowhere",)
    assert own.entries("family") == FIRST.entries("family")
    assert own.phrases == {"study": [{"text": "[CT]"}]}
    assert (own.told, FIRST.told) == ("own (own: phrases, towns)", "first")
    assert case(Random(1), "CT", own).visit.hospital_town == "Nowhere"


def test_a_data_set_is_worded_with_one_set_only(tmp_path: Path) -> None:
    """Each of its texts is one of that set, and it tells which."""
    phrases = "\n".join(f"{kind}:\n  - {{text: '[ZIRKON]'}}\n  - {{text: '[QUARZ] {{date}}'}}" for kind in ENTRIES)
    (tmp_path / PHRASES).write_text(phrases, encoding="utf-8")
    (tmp_path / "dates.txt").write_text("%d. %B %Y\n", encoding="utf-8")
    dataset.make(tmp_path / "data", seed=3, patients=3, with_real=False, wording=Wording("own", tmp_path))
    kept, forms = set(), set()
    for line in (tmp_path / "data" / "truth" / "checks.jsonl").read_text(encoding="utf-8").splitlines():
        kept |= set(re.findall(r'"text_retained".*"value": "([^"]*)", "how": "text"', line))
        forms |= set(re.findall(r'"how": "(%[^"]*)"', line))
    assert (kept, forms) == ({"ZIRKON", "QUARZ"}, {"%d. %B %Y"})
    told = dataset.conditions(tmp_path / "data")
    assert told == {"seed": 3, "patients": 3, "phrases": "own (own: phrases, dates)"}


def test_a_set_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(WORDINGS, HELD_OUT.name, Wording(HELD_OUT.name, tmp_path))
    ended = CliRunner().invoke(main, ["--phrases", "held-out", "--out", str(tmp_path / "out")])
    assert ended.exit_code == 2
    assert "no held-out phrases" in ended.output
    assert not (tmp_path / "out").exists()
    assert LISTS == FIRST.folder != HELD_OUT.folder
