"""Hands the instances of one request on, and notes what became of each."""

from collections.abc import Container, Mapping

from services.receiver.accounts import Account
from services.receiver.handler import Arriving
from services.receiver.intake import Intake
from services.receiver.stow.report import OTHER_STUDY, SYNTAX_NOT_TAKEN, Entry, Report
from services.receiver.upper.landing import Landed
from shared import metrics, telemetry
from shared.dicom.statuses import CANNOT_UNDERSTAND, CLASS_NOT_SUPPORTED, OUT_OF_RESOURCES, SUCCESS
from shared.outcome import Reason
from shared.sites import Lane, Site

_AWAY = (Reason.STORE_AWAY, Reason.BROKER_AWAY)


class Storing:
    """Of one request of `site`. `study`: the UID that the path names. `taken`: by SOP class, the transfer syntaxes."""

    def __init__(
        self,
        intake: Intake,
        site: Site,
        lane: Lane,
        study: str | None,
        taken: Mapping[str, Container[str]],
        account: Account,
        span: telemetry.Span,
    ) -> None:
        self.report = Report()
        self._intake, self._taken = intake, taken
        self._site, self._lane, self._study = site, lane, study
        self._account, self._span = account, span
        self._instances = metrics.counter("isocentre_receive_instances_total")
        self._away = False

    def refusal(self, sop_class_uid: str, transfer_syntax_uid: str) -> int:
        """Why such an instance need not even land; 0 when it may.

        Once store or broker did not answer, the rest of the request is not tried: each would wait as long as the first.
        """
        if self._away:
            return OUT_OF_RESOURCES
        if sop_class_uid not in self._taken:
            return CLASS_NOT_SUPPORTED
        return SUCCESS if transfer_syntax_uid in self._taken[sop_class_uid] else SYNTAX_NOT_TAKEN

    def store(self, sop_class_uid: str, sop_instance_uid: str, syntax: str, landed: Landed | None) -> None:
        """It has landed (None: the disk had no room for it)."""
        if landed is None:
            self.without_room(sop_class_uid, sop_instance_uid)
            return
        arriving = Arriving(
            site=self._site,
            association=self._account.association,
            lane=self._lane,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=syntax,
            landed=landed,
        )
        if self._study is not None and arriving.named and arriving.named.study_instance_uid != self._study:
            self.refuse(sop_class_uid, sop_instance_uid, OTHER_STUDY)
        else:
            self._note(sop_class_uid, sop_instance_uid, self._status(arriving))

    def without_room(self, sop_class_uid: str, sop_instance_uid: str) -> None:
        """The disk had no room for it, or for its bulk data, whose UIDs nobody knows yet: they are blank."""
        answer = self._intake.without_room(self._site.code, self._account)
        self._note(sop_class_uid, sop_instance_uid, answer.status)

    def unreadable(self) -> None:
        """Something came of which we cannot even say what it is."""
        self.refuse("", "", CANNOT_UNDERSTAND)

    def refuse(self, sop_class_uid: str, sop_instance_uid: str, status: int) -> None:
        """It is not even tried."""
        self._account.count(status, None, 0, success=False)
        self._instances.labels(self._site.code, f"{status:04X}", "").inc()
        self._note(sop_class_uid, sop_instance_uid, status)

    def _note(self, sop_class_uid: str, sop_instance_uid: str, status: int) -> None:
        self.report.entries.append(Entry(sop_class_uid, sop_instance_uid, status))

    def _status(self, arriving: Arriving) -> int:
        answer = self._intake("STOW-RS store", arriving, self._account, self._span)
        self._away = answer.reason in _AWAY
        return answer.status
