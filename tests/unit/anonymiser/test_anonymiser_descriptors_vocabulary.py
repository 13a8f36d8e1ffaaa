"""The vocabulary: whole, readable, and without anybody's name."""

import pytest

from services.anonymiser.descriptors import generate_english, generate_vocabulary
from services.anonymiser.descriptors.attributes import FACTS, FREE_TEXT_ATTRIBUTES, IDENTITY_SEQUENCES
from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.vocabulary import DATA, Trust, expanded, shipped
from services.anonymiser.standard.table import table
from tests.unit.anonymiser.european_names import first_names, last_names

FILES = sorted(DATA.rglob("*.txt"))


def test_several_thousand_words_of_more_than_twenty_languages() -> None:
    vocabulary = shipped()
    assert len(vocabulary.words) > 30_000
    assert len(list((DATA / "plain").glob("*.txt"))) >= 20


def test_no_plain_word_is_a_common_name() -> None:
    names = first_names() + last_names()
    assert len(names) > 1000
    assert [name for name in names if shipped().written(name) is Trust.PLAIN] == []


def test_a_name_in_a_plain_list_is_found_out() -> None:
    """Red when it should be: 'thorax' as somebody's name."""
    assert shipped().written("Thorax") is Trust.PLAIN


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_tells_source_licence_and_review(file) -> None:
    head = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    text = "\n".join(head)
    assert "# Source:" in text
    assert "Licence:" in text
    assert "# Review:" in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_lists_are_words_and_nothing_else(file) -> None:
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            assert line == line.strip()
            assert "  " not in line


def test_the_generated_list_is_what_the_generator_makes() -> None:
    assert generate_vocabulary.OUTPUT.read_text(encoding="utf-8") == generate_vocabulary.generate()


def test_endings_stand_for_the_forms_of_a_word() -> None:
    assert list(expanded("droit+e+s")) == ["droit", "droite", "droits"]
    assert list(expanded("płuc*o*a")) == ["płuco", "płuca"]


@pytest.fixture
def wordnet(tmp_path):
    """A dictionary in WordNet's form: number, lexicographer file, part of speech, words, pointers, gloss."""
    folder = tmp_path / "dict"
    folder.mkdir()
    nouns = [
        "  1 This software and database is being provided",
        "00000001 26 n 02 zymosis 0 zymotic_disease 0 000 | a state",
        "00000002 26 n 01 quandary 0 000 | a state",
        "00000003 18 n 01 quandary 0 000 | also a person",
        "00000004 27 n 01 adipocere 0 000 | a substance",
        "00000005 27 n 01 Brinell 0 000 | written with a capital",
        "00000006 27 n 01 brinell 0 000 | and without",
        "00000007 06 n 01 zeppelin 0 000 | an artifact",
        "00000008 08 n 01 thorax 0 000 | stands in another list",
        "00000009 26 n 01 stupidity 0 000 | somebody is called so",
    ]
    (folder / "data.noun").write_text("\n".join(nouns) + "\n", encoding="utf-8")
    (folder / "data.adj").write_text("00000001 00 a 01 zymolytic(a) 0 000 | an adjective\n", encoding="utf-8")
    for part in ("verb", "adv"):
        (folder / f"data.{part}").write_text("", encoding="utf-8")
    return folder


def test_english_words_are_taken_unless_they_may_be_somebody(wordnet, tmp_path) -> None:
    (tmp_path / "names.txt").write_text("STUPIDITY 0.001 1\nother words\n", encoding="utf-8")
    names = frozenset(generate_english.names_in(tmp_path / "names.txt"))
    assert names == {"stupidity"}
    assert generate_english.words(wordnet, names) == [
        "adipocere", "adipoceres", "stupidities", "zymolytic", "zymoses", "zymosis",
    ]  # fmt: skip


def test_the_english_list_is_written_where_it_is_told(wordnet, tmp_path) -> None:
    names, output = tmp_path / "names.txt", tmp_path / "made.txt"
    names.write_text("Stupidity", encoding="utf-8")
    assert generate_english.main([str(wordnet), str(names), "--output", str(output)]) == 0
    assert "\nadipocere adipoceres " in output.read_text(encoding="utf-8")
    assert generate_english.main([str(wordnet)]) == 2


@pytest.mark.parametrize("word", ["hepatobiliary", "perihilar", "naso-gastric", "laryngectomy", "Cholezystektomie"])
def test_words_made_of_medical_forms_are_known(word: str) -> None:
    assert all(shipped().written(part) is Trust.PLAIN for part in word.split("-"))


@pytest.mark.parametrize("word", ["Perilopez", "Subrahman", "Adomaitis", "Hemingway", "Tomy"])
def test_a_medical_form_makes_no_word_of_a_name(word: str) -> None:
    assert shipped().written(word) is not Trust.PLAIN


@pytest.mark.parametrize("word", ["Thorax", "THORAX", "Schädel", "Schaedel", "schadel", "płuca", "θώρακα", "klatki"])
def test_case_accents_and_umlauts_do_not_matter(word: str) -> None:
    assert shipped().written(word) is Trust.PLAIN


@pytest.mark.parametrize("word", ["Halswirbelkörper", "Leberläsion", "Nierenbeckenentzündung", "lymfeklierpakket"])
def test_compounds_of_known_words_are_known(word: str) -> None:
    assert (shipped().written(word) is Trust.PLAIN) == (word != "lymfeklierpakket")


@pytest.mark.parametrize("word", ["proximalen", "nodules", "kystiques", "metastaseringen", "płucami"])
def test_inflected_forms_are_known(word: str) -> None:
    assert shipped().written(word) is Trust.PLAIN


@pytest.mark.parametrize("word", ["Löwer", "Bašić", "Schön"])
def test_accents_that_our_word_has_not_make_it_another_word(word: str) -> None:
    assert shipped().written(word) is not Trust.PLAIN


def test_what_is_excluded_does_not_come_back_by_an_ending() -> None:
    vocabulary = shipped()
    assert not vocabulary.excluded & vocabulary.words.keys()
    assert [word for word in vocabulary.excluded if vocabulary.kind(word)] == []


def test_facts_are_not_what_is_kept_after_cleaning() -> None:
    """But for the occupation and the requesting service: both may be cleaned, and both name somebody in other texts."""
    cleaned = {tag for tag in FACTS if (row := table().row(tag)) and row.options.get("clean_descriptors") == "C"}
    assert cleaned == {0x00102180, 0x00321033}
    assert IDENTITY_SEQUENCES


def test_free_text_attributes_are_those_that_the_table_forgets() -> None:
    assert len(FREE_TEXT_ATTRIBUTES) > 100
    assert [f"{tag:08X}" for tag in FREE_TEXT_ATTRIBUTES if table().row(tag)] == []


def test_folding_is_stable() -> None:
    for word in ("Ångström", "ŁÓDŹ", "İstanbul", "ß", "Þór"):
        assert fold(fold(word)) == fold(word)
