"""The rules of the architecture hold, and each of their guards is seen red when its rule is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import architecture

ROOT = Path(__file__).resolve().parents[3]
LAYERS = "The anonymiser is built in layers"


def test_pure_modules_import_only_pure_things() -> None:
    assert architecture.impure(ROOT) == []


def test_every_exception_from_purity_is_still_needed() -> None:
    assert architecture.needless_exceptions(ROOT) == []


def test_only_wiring_reads_settings() -> None:
    assert architecture.settings_readers(ROOT) == []


def test_nobody_reads_the_environment() -> None:
    assert architecture.environment_readers(ROOT) == []


def test_system_tests_are_black_box() -> None:
    for path in (ROOT / "tests" / "system").rglob("*.py"):
        roots = {name.split(".")[0] for name in architecture.imports_of(path)}
        assert not roots & {"shared", "services"}, path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code, to break."""
    for name in ("services", "shared", "infra"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "zipkin"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("import socket", "imports socket"),
        ("from shared.kafka import KafkaLog", "imports shared.kafka"),
        ("from services.validator.handler import Validate", "imports services.validator.handler"),
        ("import minio", "imports minio"),
    ],
)
def test_an_impure_module_is_seen(tree: Path, line: str, finding: str) -> None:
    (tree / "services" / "validator" / "broken.py").write_text(f"{line}\n", encoding="utf-8")
    assert any(finding in found for found in architecture.impure(tree))


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("import socket", "imports socket"),
        ("import time", "imports time"),
        ("from random import choice", "imports random.choice"),
        ("import cv2", "imports cv2"),
        ("from shared.isolation import Pool", "imports shared.isolation.Pool"),
        ("from services.anonymiser.handler import Anonymise", "imports services.anonymiser.handler"),
        ("from datetime import datetime\nX = datetime.now()", "looks at the clock: datetime.now"),
        ("def late():\n    import os", "imports os"),
    ],
)
@pytest.mark.parametrize("package", ["gate", "dataset/deeper"])
def test_an_impure_module_in_a_package_is_seen(tree: Path, package: str, line: str, finding: str) -> None:
    broken = tree / "services" / "anonymiser" / package / "broken.py"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text(f"{line}\n", encoding="utf-8")
    assert f"services/anonymiser/{package}/broken.py {finding}" in architecture.impure(tree)


def test_a_module_that_no_longer_needs_its_exception_is_seen(tree: Path) -> None:
    (tree / "services" / "anonymiser" / "pixels" / "filling.py").write_text("import numpy\n", encoding="utf-8")
    assert architecture.needless_exceptions(tree) == [("services/anonymiser/pixels/filling.py", "cv2")]


def test_a_module_that_reads_settings_is_seen(tree: Path) -> None:
    broken = tree / "services" / "validator" / "broken.py"
    broken.write_text("from services.validator.settings import Settings\n", encoding="utf-8")
    assert architecture.settings_readers(tree) == ["services/validator/broken.py"]


def test_a_module_that_reads_the_environment_is_seen(tree: Path) -> None:
    (tree / "shared" / "broken.py").write_text("import os\nX = os.environ\n", encoding="utf-8")
    assert architecture.environment_readers(tree) == ["shared/broken.py:2"]


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("services/validator/broken.py", "import services.indexer.rows", "Services never import each other"),
        ("services/anonymiser/profile/broken.py", "import services.anonymiser.cleaning.cleaner", LAYERS),
        ("services/anonymiser/cleaning/broken.py", "import services.anonymiser.gate.witness", LAYERS),
        ("services/anonymiser/in_no_layer.py", "import json", LAYERS),
        ("shared/broken.py", "import services.validator", "Shared code knows no service"),
        ("services/validator/broken.py", "import infra.local", "Services know no infrastructure"),
        ("infra/sites/broken.py", "import services.receiver.tls", "Infrastructure knows no service"),
        ("infra/alone/broken.py", "import services.anonymiser.engine", "Infrastructure knows no service"),
        ("services/validator/broken.py", "import confluent_kafka", "One home per vendor: Kafka"),
        ("services/validator/broken.py", "import pynetdicom", "One home per vendor: DICOM networking"),
        ("infra/alone/broken.py", "import pynetdicom", "One home per vendor: DICOM networking"),
        ("shared/broken.py", "import prometheus_client", "One home per vendor: metrics"),
        ("services/validator/broken.py", "import minio", "One home per vendor: object store"),
        ("services/validator/broken.py", "import structlog", "One home per vendor: telemetry"),
        ("services/validator/broken.py", "import faust", "One home per vendor: stream processing"),
    ],
)
def test_a_forbidden_import_is_seen(tree: Path, module: str, line: str, contract: str) -> None:
    (tree / module).write_text(f'"""Breaks a rule."""\n\n{line}\n', encoding="utf-8")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(
        command, cwd=tree, capture_output=True, text=True, check=False, env={"PATH": "", "PYTHONPATH": str(tree)}
    )
    assert done.returncode == 1, done.stdout
    assert any(contract in row and "BROKEN" in row for row in done.stdout.splitlines()), done.stdout
