"""Makes data/standard_words.json: the words of PS3.6 and PS3.16 as pydicom carries them, without those that are names.

    python -m services.anonymiser.gate.generate_words [OUTPUT]

A word of the standard says nothing of a patient, wherever it stands. Names are left out because some terms are named
after people (Robinson's fetal age), breeds of animals because they are named after places as well: a patient of such
a name must still be looked for.
"""

import json
import re
import sys
import textwrap
from pathlib import Path

import pydicom
from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.sr._concepts_dict import concepts

from services.anonymiser.gate.words import DATA, listed

OUTPUT = DATA / "standard_words.json"
SOURCE = (
    f"Words of the names of attributes, UIDs and codes of DICOM PS3.6 and PS3.16 in pydicom {pydicom.__version__} "
    "(MIT); content of the standard (c) NEMA."
)
_ANIMALS = frozenset({7454, 7480, 7481})
"""PS3.16 context groups of animals and breeds, which are named after places and people."""
_ORGANISM = "(organism)"
_WORD = re.compile(r"[a-z]{3,}")


def generate() -> str:
    """The text of the file."""
    names = listed("first_names") | listed("surnames")
    phrases = [entry[2] for entry in DicomDictionary.values()] + [entry[0] for entry in UID_dictionary.values()]
    phrases += [
        meaning
        for scheme in concepts.values()
        for codes in scheme.values()
        for meaning, contexts in codes.values()  # type: ignore[attr-defined]
        if not ((contexts and _ANIMALS.issuperset(contexts)) or meaning.endswith(_ORGANISM))
    ]
    words = {word for phrase in phrases for word in _WORD.findall(phrase.lower())} - names
    lines = ",\n".join("   " + json.dumps(line) for line in textwrap.wrap(" ".join(sorted(words)), 110))
    return f'{{\n "source": {json.dumps(SOURCE)},\n "words": {{\n  "standard": [\n{lines}\n  ]\n }}\n}}\n'


def main(arguments: list[str]) -> int:
    """Exit status 0 when the file is written, 2 for bad usage."""
    if len(arguments) > 1:
        sys.stderr.write(__doc__ or "")
        return 2
    output = Path(arguments[0]) if arguments else OUTPUT
    output.write_text(generate(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
