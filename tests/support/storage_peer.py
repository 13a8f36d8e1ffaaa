"""A storage SCP that is not ours: pynetdicom's, which keeps what it is sent and answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES
from pynetdicom.dimse_primitives import C_STORE

from infra.importing.heads import read_head

SUCCESS = 0x0000


@dataclass(frozen=True)
class Got:
    """One C-STORE request. `thread`: which association it came on."""

    called: str
    calling: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    data_set: bytes
    association: int


@dataclass
class StoragePeer:
    """`answer` gets a request and the number of requests before, and says the status; it may also abort."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    contexts: list[int] = field(default_factory=list)
    answer: Callable[[Got, int], int] = lambda got, before: SUCCESS
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def uids(self) -> list[str]:
        return [one.sop_instance_uid for one in self.got]

    def store(self, event: evt.Event) -> int:
        request, context = event.request, event.context
        got = Got(
            called=event.assoc.requestor.primitive.called_ae_title.strip(),
            calling=event.assoc.requestor.primitive.calling_ae_title.strip(),
            sop_class_uid=str(request.AffectedSOPClassUID),
            sop_instance_uid=str(request.AffectedSOPInstanceUID),
            transfer_syntax_uid=str(context.transfer_syntax),
            data_set=_data_set(request),
            association=id(event.assoc),
        )
        with self.lock:
            before = len(self.got)
            self.got.append(got)
        status = self.answer(got, before)
        if status < 0:
            event.assoc.abort()
            return SUCCESS
        return status

    def asked(self, event: evt.Event) -> None:
        self.contexts.append(len(event.assoc.requestor.primitive.presentation_context_definition_list))


def _data_set(request: C_STORE) -> bytes:
    """Its bytes; they are in a file behind file meta information while somebody in this process wants it so."""
    if request._dataset_path is None:
        assert request.DataSet is not None
        return request.DataSet.getvalue()
    with request._dataset_path.open("rb") as file:
        file.seek(read_head(file).instance.offset)
        return file.read()


@contextmanager
def storage_peer(
    title: str = "BULK",
    callers: tuple[str, ...] = (),
    associations: int = 10,
    tls: ssl.SSLContext | None = None,
) -> Iterator[StoragePeer]:
    """Listening on a free port. It takes every storage class and transfer syntax that pynetdicom names."""
    peer = StoragePeer()
    entity = AE(title)
    entity.maximum_associations = associations
    entity.require_called_aet = True
    entity.require_calling_aet = list(callers)
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
    handlers = [(evt.EVT_C_STORE, peer.store), (evt.EVT_REQUESTED, peer.asked)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers, ssl_context=tls)
    assert server is not None
    peer.port = server.server_address[1]
    try:
        yield peer
    finally:
        server.shutdown()
