"""A few plausible studies in index and store, made through the indexer from files of the pydicom wheel."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pydicom
from PIL import Image
from pydicom.dataset import Dataset

from services.indexer.database import Database
from services.indexer.handler import Indexer
from services.indexer.migrate import migrate
from shared.events import (
    BulkElement,
    Event,
    InstanceAnonymised,
    InstanceRejected,
    InstanceThumbnailed,
    InstanceValidated,
)
from shared.runner import Incoming
from shared.storage import Store

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
BULK = ("PixelData", "WaveformSequence")
KEPT = 300
"""Pixels of the longer side of a picture at most."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series: which file its instances are made from, and how many of them there are."""

    modality: str
    description: str
    file: str
    instances: int


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One study, so many hours ago. `refused` more of its instances are turned down with that reason."""

    site: str
    patient: str
    description: str
    date: str
    series: tuple[SeriesPlan, ...]
    hours: float
    refused: tuple[str, ...] = ()


PLANS = (
    StudyPlan(
        "north",
        "IC-7QH2MD4KX3",
        "CT head, planning",
        "20210312",
        (
            SeriesPlan("CT", "Head 1.0 bone", "693_J2KI.dcm", 9),
            SeriesPlan("RTDOSE", "Plan dose", "rtdose.dcm", 1),
            SeriesPlan("RTPLAN", "Plan", "rtplan.dcm", 1),
        ),
        0.02,
        ("same-content",),
    ),
    StudyPlan(
        "north",
        "IC-B5WJ9T2LRA",
        "MR abdomen",
        "20191104",
        (SeriesPlan("MR", "T2 HASTE ax", "examples_overlay.dcm", 6),),
        0.3,
    ),
    StudyPlan(
        "south",
        "IC-2M8ZC6VNPE",
        "Whole body bone scan",
        "20200527",
        (
            SeriesPlan("NM", "Whole body ant", "JPEG2000.dcm", 1),
            SeriesPlan("NM", "Whole body post", "JPEG-lossy.dcm", 1),
        ),
        2.4,
    ),
    StudyPlan(
        "south",
        "IC-2M8ZC6VNPE",
        "12-lead ECG",
        "20200601",
        (SeriesPlan("ECG", "Resting", "waveform_ecg.dcm", 1),),
        7.5,
    ),
    StudyPlan(
        "north",
        "IC-K9P3EY5UHF",
        "CT skull base",
        "20180214",
        (SeriesPlan("CT", "Bone 0.6", "J2K_pixelrep_mismatch.dcm", 5),),
        26,
        ("pixel-length", "missing-type-1"),
    ),
    StudyPlan(
        "north",
        "IC-R6T0LN7WBJ",
        "MR spine",
        "20171009",
        (SeriesPlan("MR", "T1 TSE ax", "MR_small.dcm", 4),),
        75,
    ),
    StudyPlan(
        "south",
        "IC-H1V5QA9DCK",
        "CT thorax, staging",
        "20210930",
        (SeriesPlan("CT", "Thorax 3.0", "CT_small.dcm", 6), SeriesPlan("SEG", "Liver", "liver_1frame.dcm", 1)),
        98,
    ),
)


def seed(url: str, clean: Store, derived: Store, now: datetime | None = None) -> None:
    """Bring the database at `url` (as the role `indexer`) to the newest schema and fill it with PLANS."""
    now = now or datetime.now(UTC)
    migrate(url)
    database = Database(url)
    indexer = Indexer(database=database, clean=clean)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, plan in enumerate(PLANS):
            records = list(_records(plan, f"{number:02d}", now, clean, derived))
            indexer(records)
            _date_back(url, study_uid(number), plan.hours)
    database.close()


def uid(*parts: object) -> str:
    """A UID of the form that pseudonyms have, the same for the same parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def study_uid(number: int) -> str:
    """The UID of study `number` of PLANS."""
    return uid("study", f"{number:02d}")


def _records(plan: StudyPlan, number: str, now: datetime, clean: Store, derived: Store) -> Iterator[Incoming]:
    for place, series in enumerate(plan.series):
        for instance in range(1, series.instances + 1):
            reason = plan.refused[instance - 1] if place == 0 and instance <= len(plan.refused) else None
            yield from _arrival(plan, series, (number, place, instance), now, clean, derived)
            if reason:
                yield from _refused(plan, (number, place, instance), reason, now)


def _arrival(
    plan: StudyPlan, series: SeriesPlan, where: tuple[str, int, int], now: datetime, clean: Store, derived: Store
) -> Iterator[Incoming]:
    dataset = _dataset(plan, series, where)
    picture = _picture(dataset, where[2])
    raw = _part10(dataset)
    fields = _fields(plan, where, dataset, raw)
    clean.put(fields["key"], raw)
    header = _header(dataset)
    bulk = tuple(
        BulkElement(tag="7FE00010", vr="OW", length=len(dataset.PixelData)) for _ in range("PixelData" in dataset)
    )
    yield _record(InstanceAnonymised(**fields, header=header, bulk=bulk), now, 2.41, where)
    yield _record(InstanceValidated(**fields, header=header, bulk=bulk), now, 2.27, where)
    if picture is None:
        reason = "no-pixels" if "PixelData" not in dataset else "decoder-failed"
        yield _record(InstanceThumbnailed(**fields, renderer="1", reason=reason), now, 1.9, where)
        return
    key = f"1/{fields['study_instance_uid']}/{fields['series_instance_uid']}/{fields['sop_instance_uid']}/256.jpg"
    derived.put(key, _jpeg(picture), "image/jpeg")
    shape = {"width": picture.width, "height": picture.height}
    yield _record(InstanceThumbnailed(**fields, renderer="1", picture=key, **shape), now, 1.62, where)


def _refused(plan: StudyPlan, where: tuple[str, int, int], reason: str, now: datetime) -> Iterator[Incoming]:
    other = ("again", *where)
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    fields = _fields(plan, where, dataset, b"another", other)
    if reason != "same-content":
        fields["sop_instance_uid"] = uid("instance", *other)
    yield _record(InstanceAnonymised(**fields, header={}), now, 2.2, other)
    stage = "indexer" if reason == "same-content" else "validator"
    yield _record(InstanceRejected(**fields, stage=stage, reason=reason), now, 2.1, other)


def _fields(
    plan: StudyPlan, where: tuple[Any, ...], dataset: Dataset, raw: bytes, arrival: tuple[Any, ...] = ()
) -> dict[str, Any]:
    number, place, _ = where
    study, series, instance = uid("study", number), uid("series", number, place), uid("instance", *where)
    digest = hashlib.sha256(raw).hexdigest()
    meta = getattr(dataset, "file_meta", None)
    return {
        "site": plan.site,
        "project": "demo",
        "arrival": hashlib.sha256(repr(("arrival", where, arrival)).encode()).hexdigest()[:32],
        "profile": "1",
        "patient_id": plan.patient,
        "study_instance_uid": study,
        "series_instance_uid": series,
        "sop_instance_uid": instance,
        "sop_class_uid": str(dataset.SOPClassUID),
        "transfer_syntax_uid": str(meta.TransferSyntaxUID) if meta else "1.2.840.10008.1.2.1",
        "key": f"1/{study}/{series}/{instance}.{digest[:12]}.dcm",
        "digest": digest,
        "size": len(raw),
    }


def _dataset(plan: StudyPlan, series: SeriesPlan, where: tuple[str, int, int]) -> Dataset:
    number, place, instance = where
    dataset = pydicom.dcmread(FILES / series.file)
    dataset.remove_private_tags()
    dataset.PatientName = dataset.PatientID = plan.patient
    dataset.PatientBirthDate, dataset.PatientSex = "19610411", "FM"[int(number) % 2]
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid("study", number), uid("series", number, place)
    dataset.SOPInstanceUID = uid("instance", *where)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.StudyDate, dataset.StudyTime = plan.date, f"{8 + int(number):02d}1530"
    dataset.StudyDescription, dataset.SeriesDescription = plan.description, series.description
    dataset.AccessionNumber, dataset.StudyID = f"A{1000 + int(number)}", f"{int(number) + 1}"
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = series.modality, place + 1, instance
    return dataset


def _header(dataset: Dataset) -> dict[str, Any]:
    shown = Dataset()
    for element in dataset:
        if element.keyword not in BULK and element.VR != "SQ":
            shown.add(element)
    header: dict[str, Any] = shown.to_json_dict()
    return header


def _part10(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def _picture(dataset: Dataset, instance: int) -> Image.Image | None:
    """A picture as the thumbnailer makes them, each instance's a little closer so that a series looks like one."""
    if "PixelData" not in dataset:
        return None
    try:
        pixels = np.asarray(dataset.pixel_array)
    except RuntimeError:  # a stream that no permitted decoder takes
        return None
    if pixels.ndim == 4 or (pixels.ndim == 3 and dataset.get("SamplesPerPixel", 1) == 1):
        pixels = pixels[len(pixels) // 2]
    low, high = np.percentile(pixels, (2, 99.5))
    levels = np.clip((pixels - low) / max(float(high - low), 1) * 255, 0, 255).astype("uint8")
    image = Image.fromarray(levels)
    margin = 0.012 * (instance - 1)
    box = (image.width * margin, image.height * margin, image.width * (1 - margin), image.height * (1 - margin))
    image = image.crop(box)
    image.thumbnail((256, 256))
    return image if max(image.size) > 40 else image.resize((image.width * 4, image.height * 4))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB" if image.mode not in ("L", "RGB") else image.mode).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _record(event: Event, now: datetime, seconds: float, where: tuple[Any, ...]) -> Incoming:
    trace = hashlib.sha256(repr(("trace", where)).encode()).hexdigest()[:32]
    at = now - timedelta(seconds=seconds)
    return Incoming(event, event.topic, 0, 0, at, f"00-{trace}-00f067aa0ba902b7-01")


def _date_back(url: str, study: str, hours: float) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE journey SET at = at - make_interval(mins => %s) WHERE study_instance_uid = %s",
            (round(hours * 60), study),
        )
