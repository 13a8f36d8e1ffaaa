"""Reads the code as text and finds what breaks the rules that import-linter cannot say."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

EDGES = {
    "receiver": {"edge", "arrivals"},
    "anonymiser": set[str](),
    "validator": set[str](),
    "indexer": {"database", "tables", "migrate"},
    "thumbnailer": {"worker"},
    "tracker": {"edge", "publishing"},
    "gateway": {
        "app",
        "database",
        "counters",
        "catalogue",
        "observing",
        "problems",
        "api",
        "console",
        "dicomweb",
        "parts",
        "wado",
    },
}
"""Modules that do I/O beside `__main__`, `settings` and `handler`, which may always. All others are pure."""

WIRING = {"__main__", "settings", "handler", "migrate"}
PURE_IMPORTS = {"pydantic", "yaml", "pydicom", "numpy", "PIL", "shared.events", "shared.outcome", "shared.dicom"}
IMPURE_STANDARD = {
    "asyncio",
    "http",
    "multiprocessing",
    "os",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "urllib.request",
}


def imports_of(path: Path) -> Iterator[str]:
    """Full names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def impure(root: Path) -> list[str]:
    """Pure modules of services that import what only edges may."""
    found = []
    for path in sorted((root / "services").glob("*/*.py")):
        service, module = path.parent.name, path.stem
        if module in WIRING | EDGES[service] or module.startswith(("__init__", "generate_")):
            continue
        for name in imports_of(path):
            if not _is_pure(name, service):
                found.append(f"services/{service}/{path.name} imports {name}")
    return found


def _is_pure(name: str, service: str) -> bool:
    top = name.split(".")[0]
    if top in sys.stdlib_module_names:
        return not any(name == impure or name.startswith(f"{impure}.") for impure in IMPURE_STANDARD)
    own = f"services.{service}"
    if name == own or name.startswith(f"{own}."):
        return name.removeprefix(f"{own}.").split(".")[0] not in EDGES[service] | WIRING
    return name in ("shared", "services") or any(name == free or name.startswith(f"{free}.") for free in PURE_IMPORTS)


def settings_readers(root: Path) -> list[str]:
    """Modules other than a service's own wiring that import its settings."""
    return [
        str(path.relative_to(root))
        for path in sorted((root / "services").rglob("*.py"))
        if path.stem not in ("__main__", "migrate", "settings")
        and any(name.endswith(".settings") and name.startswith("services.") for name in imports_of(path))
    ]


def environment_readers(root: Path) -> list[str]:
    """Modules of the product that read the process environment themselves."""
    found = []
    for folder in ("services", "shared"):
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                    found.append(f"{path.relative_to(root)}:{node.lineno}")
    return found
