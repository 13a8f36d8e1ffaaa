"""Senders: dcmtk's commands, and one of our own that sends bytes as they are. Black box: imports nothing of ours."""

import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import A_ASSOCIATE_RJ

from tests.support.generated import Item

SUCCESS, OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
NO_ANSWER = -1
CALLED = "ISOCENTRE"


def dcmtk(command: str, port: int, *arguments: str | Path, calling: str = "SITE_A", called: str = CALLED) -> "Said":
    """Run `storescu`, `dcmsend` or `echoscu` against the receiver."""
    # Without TCP_NODELAY every instance waits 40 ms.
    ended = subprocess.run(
        [command, "-v", "-aet", calling, "-aec", called, "127.0.0.1", str(port), *map(str, arguments)],
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    return Said(ended.returncode, ended.stdout + ended.stderr)


class Said:
    """How a command ended, and all that it printed."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text

    def __repr__(self) -> str:
        return f"status {self.status}:\n{self.text}"


class Rejections:
    """Hears an A-ASSOCIATE-RJ. pynetdicom's association takes one that comes very fast for a failure to connect."""

    def __init__(self) -> None:
        self.code: tuple[int | None, int | None, int | None] = (None, None, None)
        self.handlers = [(evt.EVT_PDU_RECV, self._hear)]

    def _hear(self, event: evt.Event) -> None:
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            self.code = (event.pdu.result, event.pdu.source, event.pdu.reason_diagnostic)


class Refused(Exception):
    """No association. `source` and `diagnostic` as in A-ASSOCIATE-RJ (PS3.8 Table 9-21), None when nobody answered."""

    def __init__(self, result: int | None, source: int | None, diagnostic: int | None) -> None:
        super().__init__(f"{result}/{source}/{diagnostic}")
        self.code = (result, source, diagnostic)


@contextmanager
def association(
    port: int, items: Iterable[Item], calling: str = "SITE_A", called: str = CALLED, timeout: float = 60.0
) -> Iterator[Association]:
    """An association on which all of `items` can be sent. Raises Refused."""
    entity = AE(calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = timeout
    entity.connection_timeout = 5.0
    wanted = sorted({(item.sop_class_uid, item.transfer_syntax_uid) for item in items})
    contexts = [build_context(*context) for context in wanted] or [build_context("1.2.840.10008.1.1")]
    heard = Rejections()
    opened = entity.associate("127.0.0.1", port, contexts, called, max_pdu=131072, evt_handlers=heard.handlers)
    if not opened.is_established:
        raise Refused(*heard.code)
    try:
        yield opened
    finally:
        if opened.is_established:
            opened.release()


def send(opened: Association, item: Item) -> int:
    """The status that the peer answers, `NO_ANSWER` when it gives none. The data set goes out untouched.

    As pynetdicom's own `send_c_store`, which would write the data set anew.
    """
    wanted = (item.sop_class_uid, item.transfer_syntax_uid)
    contexts = {(str(cx.abstract_syntax), str(cx.transfer_syntax[0])): cx.context_id for cx in opened.accepted_contexts}
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = item.sop_class_uid, item.sop_instance_uid
    request.DataSet = BytesIO(item.data_set)
    opened._reactor_checkpoint.clear()
    try:
        while not opened._is_paused and opened.is_alive():
            time.sleep(0.0001)
        opened.dimse.send_msg(request, contexts[wanted] or 0)
        _, answer = opened.dimse.get_msg(block=True)
    finally:
        opened._reactor_checkpoint.set()
    if answer is None:
        opened.abort()
        return NO_ANSWER
    return int(opened._check_received_status(answer).get("Status", NO_ANSWER))


def send_all(port: int, items: Sequence[Item], calling: str = "SITE_A", called: str = CALLED) -> list[int]:
    """The statuses, in order, over one association."""
    with association(port, items, calling, called) as opened:
        return [send(opened, item) for item in items]
