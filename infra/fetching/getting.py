"""C-GET (PS3.4 Section C.4.3): the archive stores to us on the same association, and we hand on what comes as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from pydicom.dataset import Dataset
from pynetdicom import _config, build_context, build_role, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet  # type: ignore[attr-defined]

from infra.fetching.archive import Retrieved
from infra.fetching.declared import GetSource
from infra.fetching.dimse import Asking, as_unanswered, query_contexts, told
from infra.importing.files import opener
from infra.importing.heads import NoInstance, read_head
from infra.sending.delivery import Delivery, Ending, Patience, deliver
from infra.sending.negotiation import fits
from infra.sending.way import Instance, NotLetIn, Way
from shared.dicom.pdu import MOST_CONTEXTS
from shared.dicom.statuses import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS

ROOM = MOST_CONTEXTS - 2
"""Presentation contexts beside those for the questions."""
SYNTAXES = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.103",
    "1.2.840.10008.1.2.1.99",
)
"""The most frequent first: where there is room for few, these have contexts of their own."""
USUAL = tuple(
    f"1.2.840.10008.5.1.4.1.1.{suffix}"
    for suffix in (
        *("2", "4", "7", "1", "1.1", "1.2", "128", "20", "6.1", "3.1", "12.1", "12.2", "2.1", "4.1", "130"),
        *("481.1", "481.2", "481.3", "481.5", "66.4", "66.1", "11.1", "88.11", "88.22", "88.33", "88.67"),
        *("104.1", "77.1.4", "77.1.6", "1.3", "13.1.3"),
    )
)
"""Storage classes that are asked for where the archive does not tell which the study has."""


@contextmanager
def _into_files() -> Iterator[None]:
    """What comes goes to a file at once, so that a multi-frame object is not held in memory. pynetdicom is told so as a
    whole, and for this time only: who else receives by it does not expect that."""
    _config.STORE_RECV_CHUNKED_DATASET = True
    try:
        yield
    finally:
        _config.STORE_RECV_CHUNKED_DATASET = False


class Getting(Asking):
    """Everything arrives here first; its answer to the archive is the receiver's answer to us."""

    def __init__(self, source: GetSource, way: Callable[[], Way], patience: Patience) -> None:
        super().__init__(source)
        self._way, self._patience = way(), patience

    def retrieve(self, study: str) -> Retrieved:
        """As Archive."""
        classes = self._classes(study) or USUAL
        wanted = Dataset()
        wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study
        model = StudyRootQueryRetrieveInformationModelGet
        arriving = _Arriving(self._way, self._patience)
        storage = storage_contexts(classes)
        contexts = [*query_contexts(model), *storage]
        roles = [build_role(str(one), scp_role=True) for one in {context.abstract_syntax for context in storage}]
        handlers = [(evt.EVT_C_STORE, arriving)]
        with _into_files(), self._associated(contexts, handlers, roles) as association, as_unanswered():
            statuses = [status for status, _ in association.send_c_get(wanted, model)]
        if arriving.not_let_in is not None:
            raise arriving.not_let_in
        said = told(statuses)
        # Ours is the count that holds: it is what the receiver has said yes to.
        return Retrieved(len(arriving.sent), max(said.failed, arriving.others), said.reason)

    def _classes(self, study: str) -> list[str]:
        """SOP classes of the study, as far as the archive tells them."""
        series = self._find("SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": ""})
        classes = dict.fromkeys(sop_class for one in series for _, sop_class in self._images(study, one))
        return [one for one in classes if fits(one)]


class _Arriving:
    """Takes one C-STORE sub-operation after the other. `sent`: SOP Instance UIDs: what comes twice counts once."""

    def __init__(self, way: Way, patience: Patience) -> None:
        self._way, self._patience = way, patience
        self.sent: set[str] = set()
        self.others = 0
        self.not_let_in: NotLetIn | None = None

    def __call__(self, event: evt.Event) -> int:
        try:
            delivery = self._deliver(event)
        except NotLetIn as not_let_in:
            self.not_let_in = not_let_in
            delivery = Delivery(Ending.FAILED)
        except (NoInstance, OSError):
            delivery = Delivery(Ending.REFUSED)
        if delivery.ending is Ending.SENT:
            self.sent.add(str(cast(C_STORE, event.request).AffectedSOPInstanceUID))
            return SUCCESS
        self.others += 1
        return OUT_OF_RESOURCES if delivery.ending is Ending.FAILED else CANNOT_UNDERSTAND

    def _deliver(self, event: evt.Event) -> Delivery:
        path = Path(event.dataset_path)
        with path.open("rb") as file:
            offset = read_head(file).instance.offset
        request, syntax = cast(C_STORE, event.request), str(event.context.transfer_syntax)
        instance = Instance(str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID), syntax, offset)
        return deliver(self._way, instance, opener(path), self._patience)


def storage_contexts(classes: Iterable[str]) -> list[PresentationContext]:
    """As many contexts for each class as there is room for. Of those transfer syntaxes that share one the archive may
    choose, and would have to convert what it has in another; those that have their own arrive as they are."""
    wanted = list(dict.fromkeys(classes))[: ROOM // 2]
    each = min(ROOM // len(wanted), len(SYNTAXES))
    groups = [*((syntax,) for syntax in SYNTAXES[: each - 1]), SYNTAXES[each - 1 :]]
    return [build_context(one, list(group)) for one in wanted for group in groups]
