"""A storage SCP on pynetdicom: `python -m tests.bench.receive.pynetdicom_peer TITLE PORT FOLDER ASSOCIATIONS`.

What it does with an instance is `handle_store` of pynetdicom's own storescp. That program cannot be told of TCP_NODELAY
and of the number of associations.
"""

import logging
import socket
import sys
from argparse import Namespace

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.apps.common import handle_store

from tests.bench.sender import MOST

log = logging.getLogger("pynetdicom_peer")


def no_delay(event: evt.Event) -> None:
    """For each connection that is accepted."""
    transport = event.assoc.dul.socket
    assert transport
    assert transport.socket
    transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def main() -> None:
    title, port, folder, associations = sys.argv[1:]
    entity = AE(ae_title=title)
    entity.maximum_pdu_size = MOST
    entity.maximum_associations = int(associations)
    entity.supported_contexts = AllStoragePresentationContexts
    options = Namespace(ignore=False, output_directory=folder)
    entity.start_server(
        ("127.0.0.1", int(port)),
        evt_handlers=[(evt.EVT_CONN_OPEN, no_delay), (evt.EVT_C_STORE, handle_store, [options, log])],
    )


if __name__ == "__main__":
    main()
