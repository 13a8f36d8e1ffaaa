"""The conformance statement says what the code says, and all of it."""

import re
from pathlib import Path

import pytest

from services.receiver import conformance
from services.receiver.commitment import asking
from services.receiver.commitment.deciding import FailureReason
from services.receiver.stow import report
from services.receiver.syntaxes import STORAGE_CLASSES, TRANSFER_SYNTAXES
from shared.dicom import pdu, statuses

RECEIVER = Path(conformance.__file__).parent


def numbers_of(module: object) -> set[int]:
    return {value for name, value in vars(module).items() if name.isupper() and type(value) is int and name[0] != "_"}


def said_in(*modules: str) -> set[int]:
    """The statuses that these files of the receiver name."""
    text = "\n".join(file.read_text() for module in modules for file in RECEIVER.glob(module))
    return {value for name, value in vars(statuses).items() if name.isupper() and re.search(rf"\b{name}\b", text)}


def test_the_committed_statement_is_of_this_code() -> None:
    assert conformance.main(["--check"]) == 0


def test_a_statement_of_other_code_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conformance, "FILE", tmp_path / "CONFORMANCE.md")
    assert conformance.main(["--check"]) == 1
    assert conformance.main([]) == 0
    assert conformance.main(["--check"]) == 0
    (tmp_path / "CONFORMANCE.md").write_text(conformance.statement().replace("131072", "16384"))
    assert conformance.main(["--check"]) == 1


def test_every_status_is_explained() -> None:
    assert set(conformance.STATUSES) == said_in("handler.py", "intake.py", "upper/*.py")


def test_every_failure_reason_of_stow_is_explained() -> None:
    said = numbers_of(report) | said_in("stow/*.py")
    assert said <= {*conformance.STATUSES, *conformance.FAILURES}
    assert set(conformance.FAILURES) <= said


def test_all_that_is_answered_to_requests_for_commitment_is_explained() -> None:
    asked = numbers_of(asking) - {asking.REQUEST_COMMITMENT, asking.MOST_REFERENCES}
    others = {statuses.SUCCESS, statuses.CLASS_NOT_SUPPORTED, statuses.UNRECOGNISED_OPERATION, FailureReason.PROCESSING}
    assert asked | others == set(conformance.ACTIONS)
    page = (RECEIVER / "COMMITMENT.md").read_text()
    assert [status for status in conformance.ACTIONS if f"| 0x{status:04X} |" not in page] == []
    assert set(conformance.UNCOMMITTED) == set(FailureReason)


def test_every_rejection_is_explained() -> None:
    assert set(conformance.REJECTIONS) == {value for value in vars(pdu).values() if isinstance(value, pdu.Rejection)}


def test_every_abort_that_is_said_is_explained() -> None:
    said = {
        pdu.Abort[name]
        for file in (RECEIVER / "upper").glob("*.py")
        for name in re.findall(r"\bAbort\.([A-Z_]+)", file.read_text())
    }
    assert set(conformance.ABORTS) == said


def test_every_fact_stands_in_the_text() -> None:
    named = set(re.findall(r"\$(\w+)", conformance.TEMPLATE.read_text()))
    assert named == set(conformance.facts())


def test_the_tables_hold_all_that_is_taken() -> None:
    told = conformance.statement()
    assert all(f"| {uid} |" in told for uid in STORAGE_CLASSES | TRANSFER_SYNTAXES)
    assert f"Storage: {len(STORAGE_CLASSES)} SOP classes" in told


def test_tables_are_whole() -> None:
    """A row has as many cells as the head of its table."""
    width = 0
    for line in conformance.statement().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not width or not cells or cells == width, line
        width = cells
