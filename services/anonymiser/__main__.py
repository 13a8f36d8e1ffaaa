"""Wires the anonymiser together and runs it."""

from services.anonymiser.engines import Engines
from services.anonymiser.following import FollowedEngines, Reading
from services.anonymiser.handler import Anonymise, line, weight
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import texts
from services.anonymiser.settings import Settings
from shared import storage
from shared.dicom.identity import Pseudonyms
from shared.ended import Ended, Erased, decisions, erasures
from shared.events import (
    IdentifiedDeadLetter,
    IdentifiedInstanceQuarantined,
    IdentifiedInstanceRejected,
    IdentifiedLetterSettled,
    IdentifiedRequeued,
    InstanceAnonymised,
    InstanceAnonymisedInBulk,
    InstanceCleared,
    InstanceDecided,
    InstanceErased,
    InstanceHeld,
    InstanceReceived,
    InstanceReceivedInBulk,
    InstanceUnheld,
)
from shared.runner import Each, Load
from shared.service import running
from shared.settings import MIB
from shared.sites import files_of, read_patients, read_sites
from shared.stage import run_stage

NAME = "anonymiser"
READS = (InstanceReceived.topic, InstanceDecided.topic)
BULK = (InstanceReceivedInBulk.topic,)
AGAIN = (IdentifiedRequeued.topic,)
WRITES = (
    InstanceAnonymised.topic,
    InstanceAnonymisedInBulk.topic,
    InstanceHeld.topic,
    InstanceUnheld.topic,
    InstanceCleared.topic,
    IdentifiedInstanceQuarantined.topic,
    IdentifiedInstanceRejected.topic,
    IdentifiedDeadLetter.topic,
    IdentifiedLetterSettled.topic,
)


def main() -> None:
    settings = Settings()
    with running(NAME, settings) as service, Examiner(settings.pixel_workers) as examiner:
        identified = storage.open_bucket(settings, "identified")
        clean = storage.open_bucket(settings, "clean")
        service.verify_topics((*READS, *BULK, *AGAIN, *WRITES, InstanceErased.topic))
        service.verify("store", lambda: storage.probe(identified, settings.s3_access_key or NAME, writes=False))
        service.verify("store", lambda: storage.probe(clean, settings.s3_access_key or NAME, writes=True))
        ring = settings.key_ring()
        pseudonyms = Pseudonyms.of(ring)

        def read() -> Reading:
            sites = read_sites(settings.sites_file)
            ring.serve(sites.project)
            engines = Engines(
                profiles={site.code: site.profile for site in sites.sites},
                texts=texts(settings.profiles_dir),
                pseudonyms=pseudonyms,
                patients=read_patients(settings.sites_file, accept_open=settings.accept_open_files),
                examiner=examiner,
            )
            return Reading(engines, files_of(settings.sites_file, sites))

        handle = Anonymise(
            identified=identified,
            clean=clean,
            engines=FollowedEngines(read),
            pseudonyms=pseudonyms,
            ended=Ended(lambda: decisions(settings.kafka_bootstrap_servers)),
            erased=Erased(lambda: erasures(settings.kafka_bootstrap_servers)),
            largest=settings.largest_object_mib * MIB,
        )
        handling = Each(NAME, handle, settings.concurrency, load=Load(settings.in_hand_mib * MIB, weight), line=line)
        # Each epoch of keys has its own group, so that no patient is half in one and half in another (adr/0012).
        run_stage(
            service, settings, handling, reads=READS, bulk=BULK, again=AGAIN, group=ring.group(NAME), identified=True
        )


if __name__ == "__main__":
    main()
