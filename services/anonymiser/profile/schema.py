"""The published JSON Schema of profiles: `python -m services.anonymiser.profile.schema [--check]`."""

import json
import sys
from pathlib import Path

from services.anonymiser.profile.model import Profile

FILE = Path(__file__).parents[3] / "schemas" / "profile.v1.schema.json"


def schema() -> str:
    """JSON Schema 2020-12 of a profile, as text."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Profile.model_json_schema()}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Exit status 1 when the committed file is another; without --check it is written."""
    if arguments == ["--check"]:
        same = FILE.is_file() and FILE.read_text(encoding="utf-8") == schema()
        if not same:
            sys.stderr.write(f"{FILE.name} is not what the model says: python -m services.anonymiser.profile.schema\n")
        return 0 if same else 1
    FILE.write_text(schema(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
