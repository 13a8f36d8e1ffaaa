"""Makes data/ps3.15_table_e.1-1.json from a CSV of PS3.15 Table E.1-1.

    python -m services.anonymiser.standard.generate_table CSV EDITION [OUTPUT]

The CSV has the columns of the table in its order. The file records edition and digest of its source; one row per
line, so that a new edition shows as a readable diff.
"""

import csv
import hashlib
import io
import json
import re
import sys
from pathlib import Path

OUTPUT = Path(__file__).parent / "data" / "ps3.15_table_e.1-1.json"
SOURCE = "DICOM PS3.15 Table E.1-1, Application Level Confidentiality Profile Attributes"
NOTICE = (
    "Content of the DICOM Standard, (c) NEMA. DICOM is the registered trademark of the National Electrical "
    "Manufacturers Association for its Standards publications relating to digital communications of medical "
    "information. The standard itself, at https://www.dicomstandard.org, is authoritative."
)
PRIVATE = "private"
_TAG = re.compile(r"\(([0-9A-Fa-fx]{4}),([0-9A-Fa-fx]{4})\)")


def generate(csv_bytes: bytes, edition: str) -> str:
    """The text of the table file for `csv_bytes`. Raises ValueError for a row that it does not understand."""
    header, *rows = csv.reader(io.StringIO(csv_bytes.decode("utf-8")))
    if header[:5] != ["tag", "name", "retired", "in_standard_iod", "basic_profile"]:
        raise ValueError("these are not the columns of Table E.1-1")
    head = {
        "source": SOURCE,
        "edition": edition,
        "sha256": hashlib.sha256(csv_bytes).hexdigest(),
        "notice": NOTICE,
        "columns": header,
    }
    lines = ",\n".join(json.dumps([_pattern(tag), *rest]) for tag, *rest in rows)
    return f'{json.dumps(head, indent=1)[:-2]},\n "rows": [\n{lines}\n]\n}}\n'


def _pattern(tag: str) -> str:
    """'(0008,0050)' as '00080050', '(60xx,3000)' as '60xx3000', the row of odd groups as 'private'."""
    if match := _TAG.fullmatch(tag):
        return (match[1] + match[2]).upper().replace("X", "x")
    if "gggg is odd" in tag:
        return PRIVATE
    raise ValueError(f"not a tag: {tag}")


def main(arguments: list[str]) -> int:
    """Exit status 0 when the file is written, 2 for bad usage."""
    if len(arguments) not in (2, 3):
        sys.stderr.write(__doc__ or "")
        return 2
    output = Path(arguments[2]) if len(arguments) == 3 else OUTPUT
    output.write_text(generate(Path(arguments[0]).read_bytes(), arguments[1]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
