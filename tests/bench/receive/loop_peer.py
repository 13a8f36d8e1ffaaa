"""Our upper layer, without store and broker: `python -m tests.bench.receive.loop_peer PORT FOLDER`.

It says success to what it keeps nothing of, but for one byte in `FOLDER/taken` that counts it. One process.
"""

import os
import socket
import sys
from functools import partial
from pathlib import Path

from infra.local.plan import SITES_FILE
from services.receiver.accounts import Account
from services.receiver.edge import Edge
from services.receiver.handler import Answer, Arriving
from services.receiver.intake import Intake
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared import telemetry
from shared.dicom.statuses import SUCCESS
from shared.settings import MIB
from shared.sites import read_sites

TAKEN = "taken"


class Anybody:
    """A desk that lets all in."""

    def admit(self, association: str, site: str, most: int | None) -> bool:
        return True

    def leave(self, association: str) -> None:
        pass


def forget(account: Account) -> None:
    """Of an association that has ended."""


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    taken = os.open(folder / TAKEN, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    telemetry.configure_tracing("receiver", "loop", "0")
    sites = read_sites(SITES_FILE)

    def receive(arriving: Arriving, span: telemetry.Span) -> Answer:
        os.write(taken, b".")
        return Answer(SUCCESS)

    landing = partial(Landing, Spool(folder, Disk(folder, 0)), 16 * MIB, Budget(512 * MIB))
    edge = Edge(lambda: sites, Intake(receive), Anybody(), Visits("association", forget), landing)
    with socket.create_server(("127.0.0.1", port), backlog=128) as listening:
        while True:
            edge.take(listening.accept()[0])


if __name__ == "__main__":
    main()
