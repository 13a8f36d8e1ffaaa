"""A site that wants to be sure, by pynetdicom: asks, and is told. Black box: imports nothing of ours."""

import queue
import ssl
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt

PUSH_MODEL, INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"


class Peer:
    """The site: asks, and is told on its own port. `status`: what it answers when it is."""

    def __init__(self, port: int = 0, secure: ssl.SSLContext | None = None) -> None:
        self.reports: queue.Queue[tuple[int, Dataset]] = queue.Queue()
        self.roles: list[tuple[bool, bool]] = []
        self.called: list[str] = []
        self.status = 0x0000
        entity = AE("SITE")
        entity.add_supported_context(PUSH_MODEL, scu_role=False, scp_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._told), (evt.EVT_ESTABLISHED, self._met)]
        self._server: Any = entity.start_server(
            ("127.0.0.1", port), block=False, evt_handlers=handlers, ssl_context=secure
        )
        self.port = int(self._server.server_address[1])

    def told(self, seconds: float = 20.0) -> tuple[int, Dataset]:
        """Event type and information of the next report."""
        return self.reports.get(timeout=seconds)

    def close(self) -> None:
        self._server.shutdown()

    def _met(self, event: evt.Event) -> None:
        self.called.append(str(event.assoc.requestor.ae_title))
        for context in event.assoc.accepted_contexts:
            self.roles.append((bool(context.as_scu), bool(context.as_scp)))

    def _told(self, event: evt.Event) -> tuple[int, None]:
        self.reports.put((int(event.event_type), event.event_information))
        return self.status, None


def request(*references: tuple[str, str], uid: str = "") -> Dataset:
    """The action information about these SOP classes and instances."""
    asked = Dataset()
    asked.TransactionUID = uid or generate_uid()
    asked.ReferencedSOPSequence = [_item(*reference) for reference in references]
    return asked


def outcome(told: Dataset) -> dict[str, int]:
    """Failure reasons by SOP Instance UID; 0 where it was committed."""
    committed = {str(item.ReferencedSOPInstanceUID): 0 for item in told.get("ReferencedSOPSequence", [])}
    failed = {str(item.ReferencedSOPInstanceUID): int(item.FailureReason) for item in told.get("FailedSOPSequence", [])}
    return committed | failed


def _item(sop_class: str, uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
    return item
