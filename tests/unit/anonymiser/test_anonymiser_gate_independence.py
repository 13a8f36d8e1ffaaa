"""The gate is a second opinion only as long as it asks nobody who gave the first."""

import ast
from pathlib import Path

import services.anonymiser.gate as gate

ALLOWED = ("services.anonymiser.dataset.", "services.anonymiser.gate", "pydicom")
OURS = ("services", "shared", "infra", "pydicom")


def foreign(source: str) -> list[str]:
    """Modules of ours that the gate must not know, as `source` imports them."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return [name for name in names if name.startswith(OURS) and not name.startswith(ALLOWED)]


def test_the_gate_imports_nothing_of_the_engine():
    files = sorted(Path(gate.__file__).parent.glob("*.py"))
    assert len(files) > 10
    assert {file.name: foreign(file.read_text(encoding="utf-8")) for file in files} == {file.name: [] for file in files}


def test_an_import_of_the_engine_would_be_seen():
    assert foreign("from services.anonymiser.standard.table import table") == ["services.anonymiser.standard.table"]
    assert foreign("def f():\n    import services.anonymiser.descriptors.known") == [
        "services.anonymiser.descriptors.known"
    ]
