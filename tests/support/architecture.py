"""Reads the code as text and finds what breaks the rules that import-linter cannot say."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

EDGES = {
    "receiver": {
        "accounts",
        "allowances",
        "arrivals",
        "commitment",
        "conformance",
        "crew",
        "edge",
        "ends",
        "intake",
        "mark",
        "quotas",
        "recall",
        "repeats",
        "scratch",
        "sqlite",
        "stow",
        "sweep",
        "syntaxes",
        "tls",
        "together",
        "turns",
        "upkeep",
        "upper",
        "visits",
        "ways",
        "worker",
    },
    "anonymiser": {"following"},
    "validator": set[str](),
    "indexer": {"claims", "database", "tables", "migrate", "migrations"},
    "bookkeeper": {"database", "following", "migrate", "migrations", "reconciling", "report", "tables"},
    "thumbnailer": {"worker"},
    "tracker": {"edge", "publishing"},
    "gateway": {
        "app",
        "database",
        "counters",
        "following",
        "letters",
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
"""Modules and packages that do I/O beside WIRING, which may always. All others are pure."""

WIRING = {"__main__", "settings", "handler", "migrate"}
SETTLING = {"__main__", "migrate", "settings", "worker", "ways", "upkeep", "conformance"}
"""Modules that know a service's settings: its wiring, in each kind of its processes, and what is generated of them."""
PURE_IMPORTS = {
    "pydantic",
    "yaml",
    "pydicom",
    "numpy",
    "PIL",
    "shared.events",
    "shared.outcome",
    "shared.dicom",
    "shared.sites",
    "shared.media",
    "shared.letters",
    "shared.database.text",
}
IMPURE_STANDARD = {
    "asyncio",
    "http",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "urllib.request",
}
CLOCKS = {"now", "today", "utcnow"}
"""Methods of dates that look at the clock."""

_ARRAYS = "a library of pure functions on arrays"
_LIMIT = "the clock of a limit: decides about held or not, and about nothing that comes out"
EXCEPTIONS = {
    ("services/anonymiser/dataset/limits.py", "time"): _LIMIT,
    ("services/anonymiser/dataset/reference.py", "time"): _LIMIT,
    ("services/anonymiser/dataset/walking.py", "time"): _LIMIT,
    ("services/anonymiser/engine.py", "time"): _LIMIT,
    ("services/anonymiser/pixels/detecting.py", "cv2"): _ARRAYS,
    ("services/anonymiser/pixels/dispatch.py", "shared.isolation"): "tells by which exception a worker failed",
    ("services/anonymiser/pixels/filling.py", "cv2"): _ARRAYS,
    ("services/anonymiser/pixels/lines.py", "cv2"): _ARRAYS,
    ("services/anonymiser/pixels/models.py", "cv2"): _ARRAYS,
    ("services/anonymiser/pixels/models.py", "onnxruntime"): "runs the networks, in worker processes only",
    ("services/anonymiser/pixels/preparing.py", "cv2"): _ARRAYS,
    ("services/anonymiser/pixels/workers.py", "shared.isolation"): "the door to the worker processes",
}
"""What a pure module imports all the same, and why it may."""


def imports_of(path: Path) -> Iterator[str]:
    """Full names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def impure(root: Path) -> list[str]:
    """Pure modules of services, in packages too, that import what only edges may, or look at the clock."""
    found = []
    for path, service in _pure_modules(root):
        module = path.relative_to(root).as_posix()
        found += [
            f"{module} imports {name}"
            for name in imports_of(path)
            if not _is_pure(name, service) and not _excepted(module, name)
        ]
        found += [f"{module} looks at the clock: {call}" for call in _clocks(path)]
    return found


def needless_exceptions(root: Path) -> list[tuple[str, str]]:
    """Of EXCEPTIONS those that no module needs any more."""
    used = {
        (module, excepted)
        for module, excepted in EXCEPTIONS
        if any(_within(name, excepted) for name in imports_of(root / module))
    }
    return sorted(EXCEPTIONS.keys() - used)


def _pure_modules(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted((root / "services").rglob("*.py")):
        service, *below = path.relative_to(root / "services").with_suffix("").parts
        if below and below[0] not in WIRING | EDGES[service] and not below[-1].startswith(("__init__", "generate_")):
            yield path, service


def _excepted(module: str, name: str) -> bool:
    return any(module == where and _within(name, excepted) for where, excepted in EXCEPTIONS)


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _clocks(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield ast.unparse(node.func)


def _is_pure(name: str, service: str) -> bool:
    top = name.split(".")[0]
    if top in sys.stdlib_module_names:
        return not any(_within(name, impure) for impure in IMPURE_STANDARD)
    own = f"services.{service}"
    if _within(name, own):
        return name.removeprefix(f"{own}.").split(".")[0] not in EDGES[service] | WIRING
    return name in ("shared", "services") or any(_within(name, free) for free in PURE_IMPORTS)


def settings_readers(root: Path) -> list[str]:
    """Modules other than a service's own wiring that import its settings."""
    return [
        str(path.relative_to(root))
        for path in sorted((root / "services").rglob("*.py"))
        if path.stem not in SETTLING
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
