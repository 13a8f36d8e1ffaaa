"""The vocabulary: whole, readable, and without anybody's name."""

import pytest

from services.anonymiser.descriptors import generate_english, generate_vocabulary
from services.anonymiser.descriptors.attributes import FACTS, FREE_TEXT_ATTRIBUTES, IDENTITY_SEQUENCES
from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.vocabulary import DATA, Trust, entries, expanded, shipped
from services.anonymiser.standard.table import table
from tests.unit.anonymiser.european_names import first_names, last_names

FILES = sorted(DATA.rglob("*.txt"))


def test_several_thousand_words_of_more_than_twenty_languages() -> None:
    vocabulary = shipped()
    assert len(vocabulary.words) > 100_000
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


NOUNS = """\
00000001 26 n 02 zymosis 0 zymotic_disease 0 000 | a state
00000002 26 n 01 quandary 0 000 | a state
00000003 18 n 01 quandary 0 000 | also a person
00000004 27 n 01 adipocere 0 000 | a substance
00000005 27 n 01 Brinell 0 000 | written with a capital
00000006 27 n 01 brinell 0 000 | and without
00000007 06 n 01 zeppelin 0 000 | an artifact
00000008 08 n 01 thorax 0 000 | stands in another list
00000009 26 n 01 stupidity 0 000 | somebody is called so
00000010 20 n 01 zinnia 0 000 | a plant
00000011 05 n 01 xenops 0 000 | a bird, rare
00000012 05 n 01 yapok 0 000 | an animal of every day
00000013 05 n 01 arthropod 0 000 | a kind of animals
00000014 05 n 01 zygopteran 0 001 @ 00000013 n 0000 | one of them
00000015 06 n 02 building 0 edifice 0 000 | a kind of places
00000016 06 n 01 qibla 0 001 @ 00000015 n 0000 | one of them, first of all
00000017 26 n 01 qibla 0 000 | and a state
00000018 06 n 01 wooziness 0 001 @ 00000015 n 0000 | a building, but not first of all
00000019 26 n 01 wooziness 0 000 | a state
00000020 27 n 01 gem 0 000 | a kind of stones
00000021 27 n 01 kunzite 0 001 @ 00000020 n 0000 | one of them
00000022 26 n 01 fugacity 0 000 | few are called so
00000023 26 n 01 floridity 0 000 | few are called so, and the word is rare
00000024 26 n 01 yammer 0 000 | often a state
00000025 15 n 01 yammer 0 000 | seldom a place
"""
VERBS = """\
00000001 35 v 01 zigzag 0 000 | a verb
00000002 35 v 01 overfly 0 000 | an irregular one
00000003 35 v 01 quandary 0 000 | a noun means a person
"""
INDEX = "".join(
    f"{word} n 2 0 2 1 {first} {other}\n"
    for word, first, other in (("qibla", "00000016", "00000017"), ("wooziness", "00000019", "00000018"))
)
SENSES = """\
fugacity%1:26:00:: 00000022 1 10
woozy%3:00:00:: 00000001 1 1
yammer%1:26:00:: 00000024 1 20
yammer%1:15:00:: 00000025 1 1
yapok%1:05:00:: 00000012 1 1
zeppelin%1:06:00:: 00000007 1 0
"""


@pytest.fixture
def wordnet(tmp_path):
    """A dictionary in WordNet's form: number, lexicographer file, part of speech, words, pointers, gloss."""
    folder = tmp_path / "dict"
    folder.mkdir()
    files = {"data.noun": "  1 This software and database is being provided\n" + NOUNS, "data.verb": VERBS}
    files["data.adj"] = "00000001 00 a 01 zymolytic(a) 0 000 | an adjective\n00000002 00 a 01 woozy 0 000 | another\n"
    files |= {"data.adv": "", "index.noun": INDEX, "index.sense": SENSES, "noun.exc": "zeppelini zeppelin\n"}
    files |= {"verb.exc": "zigzagged zigzag\nzigzagging zigzag\noverflew overfly\noverflown overfly\n"}
    files |= {"adj.exc": "woozier woozy\nwooziest woozy\n"}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def lists(tmp_path):
    """Names, with how many hundredths of the people have them, and a list of names that hardly anybody has."""
    (tmp_path / "names.txt").write_text("STUPIDITY 0.001 1\nFUGACITY 0.000 2\nother words\n", encoding="utf-8")
    (tmp_path / "rare.txt").write_text("FLORIDITY\nYAMMERED\n", encoding="utf-8")
    return tmp_path / "rare.txt", tmp_path / "names.txt"


@pytest.fixture
def made(wordnet, lists, tmp_path):
    """The plain and the careful words that are made of them."""
    rare, names = lists
    output = tmp_path / "data"
    output.mkdir()
    assert generate_english.main([str(wordnet), str(wordnet), str(rare), str(names), "--output", str(output)]) == 0
    return {kind: set(entries(output / kind / "wordnet.txt")) for kind in ("plain", "careful")}


def test_what_a_census_hardly_finds_is_a_name_but_a_rare_one(lists) -> None:
    _, names = lists
    assert set(generate_english.names_in(names)) == {"stupidity", "fugacity"}
    assert set(generate_english.names_in(names, rare=False)) == {"stupidity"}


def test_english_words_are_taken_unless_they_may_be_somebody_or_some_place(made) -> None:
    assert made["plain"] == {
        "adipocere", "adipoceres", "stupidities", "zymolytic", "zymoses", "zymosis",
        "zeppelin", "zeppelini", "zeppelins", "yapok", "yapoks", "zygopteran", "zygopterans", "arthropod", "arthropods",
        "wooziness", "woozy", "woozier", "wooziest", "zigzag", "zigzags", "zigzagged", "zigzagging", "overfly",
        "overflies", "overflew", "overflown", "overflying", "quandaried", "quandarying", "fugacities", "floridities",
    }  # fmt: skip


def test_everyday_words_that_hardly_anybody_is_called_are_careful(made) -> None:
    assert made["careful"] == {"fugacity", "yammer", "yammers"}


def test_the_english_lists_need_all_they_are_made_of(wordnet) -> None:
    assert generate_english.main([str(wordnet)]) == 2


def test_regular_forms_are_made_unless_irregular_ones_replace_them() -> None:
    assert generate_english.verb_forms("walk", ()) == {"walked", "walking"}
    assert generate_english.verb_forms("fall", ("fell", "fallen")) == {"fell", "fallen", "falling"}
    assert generate_english.verb_forms("stop", ("stopped", "stopping")) == {"stopped", "stopping"}
    assert generate_english.verb_forms("label", ("labelled", "labelling")) == {
        "labelled", "labelling", "labeled", "labeling",
    }  # fmt: skip
    assert generate_english.verb_forms("die", ()) == {"died", "dying"}


@pytest.mark.parametrize("word", ["exceeded", "forgetting", "bicycles", "kicked", "vomits", "dropped", "worsened"])
def test_forms_of_english_words_are_known(word: str) -> None:
    assert shipped().written(word) is Trust.PLAIN


@pytest.mark.parametrize("word", ["knife", "heavy", "scratch"])
def test_everyday_words_go_beside_an_unknown_one(word: str) -> None:
    assert shipped().written(word) is Trust.CAREFUL


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
