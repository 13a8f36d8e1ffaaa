"""An association of ours in a thread, and its other end, which says what it likes."""

import socket
import threading
import time
from pathlib import Path

from services.receiver.upper import negotiation
from services.receiver.upper.association import Accepted, Association, Context, End
from services.receiver.upper.budget import Budget
from services.receiver.upper.command import Request
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landed, Landing, Spool
from services.receiver.upper.wire import Wire
from shared.dicom import part10, pdu
from shared.dicom.pdu import Abort, Kind, Rejection
from tests.support.upper import CT, ECHO, EXPLICIT, request

TAKEN = {CT: {EXPLICIT}, ECHO: {EXPLICIT}}
ARTIM, IDLE, PARTING = 0.3, 0.6, 0.4


class Serving:
    """Takes everything, and keeps it."""

    draining = False

    def __init__(self) -> None:
        self.contexts: dict[int, Context] = {}
        self.got: list[tuple[str, bytes]] = []
        self.ends: list[End] = []
        self.refusals: list[int] = []

    def requested(self, request: bytes) -> Accepted | Rejection | Abort:
        found = negotiation.read(request)
        if isinstance(found, Rejection | Abort):
            return found
        accepted = negotiation.accept(found, TAKEN)
        self.contexts = accepted.contexts
        return accepted

    def begins(self, request: Request, context: Context, landing: Landing) -> None:
        landing.begin(b"front", part10.digester(context.transfer_syntax))

    def stored(self, request: Request, context: Context, landed: Landed) -> int:
        content = landed.content
        whole = bytes(content)
        assert whole[: landed.front] == b"front"
        self.got.append((request.sop_instance_uid, whole[landed.front :]))
        return 0

    def lost(self, request: Request) -> int:
        return 0xA700

    def refused(self, status: int) -> None:
        self.refusals.append(status)

    def ended(self, end: End) -> None:
        self.ends.append(end)


class Peer:
    """Says what it likes to an association of ours."""

    def __init__(self, folder: Path, parting: float = PARTING, artim: float = ARTIM) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            self.wire = socket.create_connection(door.getsockname())
            accepted, _ = door.accept()
        self.wire.settimeout(5)
        self.serving = Serving()
        self.budget = Budget(2**22)
        landing = Landing(Spool(folder, Disk(folder, 0)), 2**20, self.budget)
        wire = Wire(accepted, IDLE)
        until = time.monotonic() + artim
        self._association = Association(wire, self.serving, landing, until=until, idle=IDLE, parting=parting)
        self._end: list[End | BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._end.append(self._association.run())
        except BaseException as failed:
            self._end.append(failed)

    def say(self, *data: bytes) -> None:
        self.wire.sendall(b"".join(data))

    def hear(self) -> tuple[int, bytes]:
        """The next PDU: its type, and what it carries."""
        kind, length = pdu.head(self._exactly(pdu.HEAD))
        return kind, self._exactly(length)

    def ends(self) -> End:
        """Close, if it is not closed; how the association ended. Raises what ended it otherwise."""
        self.wire.close()
        self._thread.join(5)
        assert self._end, "it hangs"
        (end,) = self._end
        if isinstance(end, BaseException):
            raise end
        return end

    def is_closed(self) -> bool:
        return self.wire.recv(1) == b""

    def associate(self) -> None:
        self.say(request())
        kind, _ = self.hear()
        assert kind == Kind.ASSOCIATE_AC

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.wire.recv(count - len(data))
            assert piece, "closed"
            data += piece
        return data
