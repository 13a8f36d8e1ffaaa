"""Reads the registers in schemas/."""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent / "schemas"


def load_yaml(name: str) -> dict[str, Any]:
    """The content of one register."""
    content: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return content


def keep_generated(file: Path, content: str, source: str, arguments: Sequence[str]) -> int:
    """The exit status of a generator that writes `content` to `file`, or with --check only says whether it is there.

    `source`: the module that is run to write it.
    """
    if list(arguments) != ["--check"]:
        file.write_text(content, encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == content:
        return 0
    sys.stderr.write(f"{file.name} is not what the code says: python -m {source}\n")
    return 1


BROKER_LIMIT = 1_048_588
"""Bytes of a record batch that a topic takes when nothing else is said (Kafka's default)."""


@cache
def topics() -> dict[str, dict[str, Any]]:
    """schemas/topics.yaml by topic."""
    found: dict[str, dict[str, Any]] = load_yaml("topics.yaml")["topics"]
    return found


def message_limit(topic: str) -> int:
    """Bytes of the largest record that `topic` takes."""
    config = topics().get(topic, {}).get("config", {})
    return int(config.get("max.message.bytes", BROKER_LIMIT))
