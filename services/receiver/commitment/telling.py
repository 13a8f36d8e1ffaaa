"""Tells a site what came of its request, on an association that we open: pynetdicom is the requestor here.

We are the SCP of the class on it, which the requestor of an association has to negotiate (PS3.4 Section J.3.3,
PS3.7 Section D.3.3.4).
"""

import ssl
from collections.abc import Callable

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role
from pynetdicom.association import Association

from shared.dicom.constants import PUSH_MODEL, PUSH_MODEL_INSTANCE
from shared.dicom.statuses import SUCCESS
from shared.misconfigured import Misconfigured
from shared.sites import Commitment

_CONNECT, _ANSWER = 10.0, 60.0
"""Seconds that a peer may take to let us in, and to answer: some answer when they have deleted their copies."""


class NotTold(Exception):
    """The text says why: the peer is `away`, it has `refused`, or we have `no-tls`: no files that can be used."""


class Telling:
    """`secure`: makes who we are on a connection with TLS, or raises Misconfigured; None: nobody."""

    def __init__(self, secure: Callable[[], ssl.SSLContext] | None = None) -> None:
        self._secure = secure

    def __call__(self, to: Commitment, calling: str, event_type: int, told: Dataset) -> None:
        """Return when the peer has said that it knows. Raises NotTold."""
        association = self._associate(to, calling)
        if not association.is_established:
            raise NotTold("refused" if association.acceptor.primitive else "away")
        try:
            status = _told(association, event_type, told)
        finally:
            association.release()
        if status != SUCCESS:
            raise NotTold("away" if status is None else "refused")

    def _associate(self, to: Commitment, calling: str) -> Association:
        entity = AE(calling)
        entity.connection_timeout = entity.acse_timeout = _CONNECT
        entity.dimse_timeout = entity.network_timeout = _ANSWER
        entity.add_requested_context(PUSH_MODEL)
        role = build_role(PUSH_MODEL, scp_role=True)
        return entity.associate(to.host, to.port, ae_title=to.ae_title, ext_neg=[role], tls_args=self._tls(to))

    def _tls(self, to: Commitment) -> tuple[ssl.SSLContext, str] | None:
        if not to.tls:
            return None
        if self._secure is None:
            raise NotTold("no-tls")
        try:
            return self._secure(), to.host
        except Misconfigured:  # they are looked at again the next time
            raise NotTold("no-tls") from None


def _told(association: Association, event_type: int, told: Dataset) -> int | None:
    """The peer's status; None when it did not answer."""
    try:
        answer, _ = association.send_n_event_report(told, event_type, PUSH_MODEL, PUSH_MODEL_INSTANCE)
    except (RuntimeError, ValueError):  # the association has ended, or the context was not accepted
        return None
    status = answer.get("Status")
    return None if status is None else int(status)
