"""The published JSON Schema of the sites file: `python -m shared.sites.schema [--check]`."""

import json
import sys

from shared.schemas import ROOT, keep_generated
from shared.sites.file import Sites

FILE = ROOT / "sites.schema.json"


def schema() -> str:
    """JSON Schema 2020-12 of a sites file, as text."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Sites.model_json_schema()}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Exit status 1 when the committed file is another; without --check it is written."""
    return keep_generated(FILE, schema(), "shared.sites.schema", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
