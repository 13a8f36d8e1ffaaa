"""Reads the registers in schemas/."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent / "schemas"


def load_yaml(name: str) -> dict[str, Any]:
    """The content of one register."""
    content: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return content
