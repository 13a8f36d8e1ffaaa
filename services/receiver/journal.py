"""What a raw object tells of its own arrival: raw objects are the journal, from which a lost event is made again."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from shared.dicom import part10
from shared.dicom.identity import Pseudonyms
from shared.dicom.named import uids
from shared.dicom.raw_object import SWEPT, Arrived, key_of
from shared.events import InstanceReceivedInBulk


@dataclass(frozen=True, slots=True)
class Journal:
    """Makes the event of an arrival from its object: the same `ce_id` as when it arrived.

    Always that of the bulk lane: the object does not know on which it came, it is late on either, and there may be a
    whole store of them, which shall not go before what is live.
    """

    project: str
    pseudonyms: Pseudonyms

    def event(
        self, of: Arrived, meta: part10.Meta, head: bytes, size: int, stored_at: datetime
    ) -> InstanceReceivedInBulk:
        """`head`: the first HEAD bytes of the object; `size`: of all of it."""
        data_set = head[meta.front :]
        found = uids(data_set, lambda: BytesIO(data_set), meta.transfer_syntax_uid)
        study = (found and found.study_instance_uid) or meta.sop_instance_uid
        return InstanceReceivedInBulk(
            site=of.site,
            project=self.project,
            arrival=self.arrival(of),
            study_key=self.pseudonyms.partition_key(study),
            key=key_of(of.site, of.digest),
            digest=of.digest,
            association=SWEPT,
            size=size,
            sop_class_uid=meta.sop_class_uid,
            sop_instance_uid=meta.sop_instance_uid,
            transfer_syntax_uid=meta.transfer_syntax_uid,
            received_at=stored_at,
        )

    def arrival(self, of: Arrived) -> str:
        """Its id."""
        return self.pseudonyms.arrival(of.site, of.digest)
