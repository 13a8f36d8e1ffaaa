"""System and chaos tests see the product from outside, and so does every helper that they use."""

from collections.abc import Iterator
from pathlib import Path

from tests.support.architecture import imports_of

ROOT = Path(__file__).resolve().parents[3]


def inside_views(root: Path) -> list[str]:
    """Which of these tests and their helpers import the product, however far down."""
    waiting = [*(root / "tests" / "system").rglob("*.py"), *(root / "tests" / "chaos").rglob("*.py")]
    seen: set[Path] = set()
    found = []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        names = set(imports_of(path))
        if {name.split(".")[0] for name in names} & {"shared", "services", "infra"}:
            found.append(str(path.relative_to(root)))
        waiting += helpers(root, names)
    return sorted(found)


def helpers(root: Path, names: set[str]) -> Iterator[Path]:
    for name in names:
        path = root / f"{name.replace('.', '/')}.py"
        if name.startswith("tests.") and path.exists():
            yield path


def test_nothing_of_the_product_is_imported() -> None:
    assert inside_views(ROOT) == []


def test_a_helper_that_looks_inside_is_seen(tmp_path: Path) -> None:
    for folder in ("system", "chaos", "support"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
    (tmp_path / "tests/system/test_a.py").write_text("from tests.support import one\n")
    (tmp_path / "tests/support/one.py").write_text("import tests.support.two\n")
    (tmp_path / "tests/support/two.py").write_text("from shared.storage import Store\n")
    assert inside_views(tmp_path) == ["tests/support/two.py"]
