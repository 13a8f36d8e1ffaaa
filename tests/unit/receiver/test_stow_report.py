"""What is answered to a request, by what became of its instances."""

from http import HTTPStatus

import pytest
from pydicom.dataset import Dataset

from services.receiver.stow.report import Entry, Report

CT = "1.2.840.10008.5.1.4.1.1.2"
AWAY, NOT_TAKEN, MISMATCH, WARNING = 0xA700, 0x0122, 0xA900, 0xB006


def report(*statuses: int, too_large: bool = False) -> Report:
    return Report([Entry(CT, f"1.2.{number}", status) for number, status in enumerate(statuses)], too_large)


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((), HTTPStatus.BAD_REQUEST),
        ((0, 0), HTTPStatus.OK),
        ((0, WARNING), HTTPStatus.ACCEPTED),
        ((WARNING,), HTTPStatus.ACCEPTED),
        ((0, NOT_TAKEN), HTTPStatus.ACCEPTED),
        ((0, AWAY), HTTPStatus.ACCEPTED),
        ((NOT_TAKEN, MISMATCH), HTTPStatus.CONFLICT),
        ((NOT_TAKEN, AWAY), HTTPStatus.SERVICE_UNAVAILABLE),
        ((AWAY,), HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_the_status_of_all_follows_from_those_of_each(statuses: tuple[int, ...], status: HTTPStatus) -> None:
    assert report(*statuses).status is status


def test_what_is_too_large_is_told_when_nothing_was_stored() -> None:
    assert report(0x0110, too_large=True).status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert report(0x0110, 0, too_large=True).status is HTTPStatus.ACCEPTED
    assert report(0x0110, AWAY, too_large=True).status is HTTPStatus.SERVICE_UNAVAILABLE


def test_each_instance_is_named_with_what_became_of_it() -> None:
    made = report(0, NOT_TAKEN, WARNING)
    made.entries.append(Entry("", "", 0xC000))
    told = Dataset.from_json(made.dataset())
    referenced = [(item.ReferencedSOPInstanceUID, item.get("WarningReason")) for item in told.ReferencedSOPSequence]
    assert referenced == [("1.2.0", None), ("1.2.2", WARNING)]
    (failed,) = told.FailedSOPSequence
    assert (failed.ReferencedSOPClassUID, failed.ReferencedSOPInstanceUID, failed.FailureReason) == (
        CT,
        "1.2.1",
        NOT_TAKEN,
    )
    (other,) = told.OtherFailuresSequence
    assert other.FailureReason == 0xC000


def test_nothing_is_said_of_where_it_could_be_retrieved() -> None:
    told = Dataset.from_json(report(0).dataset())
    assert (told.RetrieveURL, told.ReferencedSOPSequence[0].RetrieveURL) == ("", "")
    assert "FailedSOPSequence" not in told
