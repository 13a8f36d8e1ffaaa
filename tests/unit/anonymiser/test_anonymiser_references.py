"""References stay true: what pointed to an object of a set, its series, study or frame of reference, still does."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import highdicom as hd
import pytest

from services.anonymiser.dataset.limits import BeyondLimits, Unreadable
from services.anonymiser.dataset.reading import read
from services.anonymiser.dataset.tree import Item, word
from services.anonymiser.engine import Cleaned
from services.anonymiser.standard.table import table
from tests.support import corpus
from tests.unit.anonymiser.building import verdict
from tests.unit.anonymiser.sets import READER, opened, saved, whole

# An instance, its study, series and frame of reference.
OWN = (0x00080018, 0x0020000D, 0x0020000E, 0x00200052)
CLASSES = (0x00080016, 0x00081150)
Path_ = tuple[int, ...]
"""Tag, number of the item, tag, ..."""


def uids(elements: Item, way: Path_ = ()) -> Iterator[tuple[Path_, tuple[str, ...]]]:
    """All UIDs with their places, each without padding."""
    for element in elements:
        for number, item in enumerate(element.items):
            yield from uids(item, (*way, element.tag, number))
        if element.vr == "UI" and element.value:
            words = element.content.decode("latin-1").split("\\")
            yield (*way, element.tag), tuple(one.strip(" \0") for one in words)


def pairs(files: Iterable[bytes], profile: str) -> list[tuple[Item, Item]]:
    """The elements of every file that is cleaned, before and after."""
    found = []
    for data in files:
        syntax = corpus.syntax_of(data)
        result = verdict(data, profile, syntax)
        if isinstance(result, Cleaned):
            found.append((read(data, syntax)[1], read(result.part10)[1]))
    return found


def members(cleaned: Iterable[tuple[Item, Item]]) -> dict[str, str]:
    """What the objects of a set are called, before and after, by what they say of themselves."""
    named: dict[str, str] = {}
    for before, after in cleaned:
        for tag in OWN:
            if old := word(before, tag):
                assert named.setdefault(old, word(after, tag)) == word(after, tag), "one object, two names"
    return named


def removed(way: Path_) -> bool:
    """Whether Table E.1-1 takes out something that this stands in, or leaves an empty sequence of it."""
    rows = [table().row(tag) for tag in way[::2]]
    return any(row is not None and row.basic[0] in "XZ" and not row.basic.endswith("*") for row in rows)


def broken(before: Item, after: Item, named: dict[str, str]) -> Iterator[str]:
    """References to members that do not point to them any more, classes that are others, and UIDs that have another
    name than elsewhere; those that no member has are added to `named`."""
    left, objects = dict(uids(after)), frozenset(named)
    for way, old in uids(before):
        new = left.get(way)
        place = ".".join(f"{tag:08X}" for tag in way[::2])
        if way[-1] in CLASSES:
            if new not in (old, None):
                yield f"{place}: another class"
        elif new is None:
            if not removed(way) and not objects.isdisjoint(old):
                yield f"{place}: gone"
        elif any(named.setdefault(uid, other) != other for uid, other in zip(old, new, strict=True)):
            yield f"{place}: points elsewhere"


def check(files: Iterable[bytes], profile: str) -> int:
    """How many references there are beside what objects say of themselves, all of them true."""
    cleaned = pairs(files, profile)
    named = members(cleaned)
    assert [found for before, after in cleaned for found in broken(before, after, named)] == []
    assert len(set(named.values())) == len(named), "two objects, one name"
    return sum(len(way) > 1 and way[-1] not in CLASSES for _, after in cleaned for way, _ in uids(after))


@pytest.mark.parametrize("profile", ["basic", "research", "eucaim", "eucaim-compatible"])
def test_a_series_and_all_that_was_derived_from_it(profile: str):
    assert check(map(saved, whole().values()), profile) >= 45


def test_the_check_sees_a_reference_that_points_elsewhere():
    before, after = pairs([saved(whole()["key_images"])], "research")[0]
    image = next(way for way, found in uids(before) if found == ("1.3.6.1.4.1.99999.7.2.1",))
    named = {"1.3.6.1.4.1.99999.7.2.1": "2.25.1"}
    assert f"{'.'.join(f'{tag:08X}' for tag in image[::2])}: points elsewhere" in list(broken(before, after, named))
    assert any(found.endswith(": gone") for found in broken(before, after[:5], named))


@pytest.mark.parametrize("name", ["segmentation", "measurements", "key_images", "presentation", "structures"])
def test_it_points_to_images_by_name(name: str):
    """Without any help of the check: the cleaned object names the cleaned images."""
    cleaned = {key: verdict(saved(one), "research") for key, one in whole().items()}
    derived = cleaned[name]
    assert isinstance(derived, Cleaned)
    image = cleaned["image 1" if name != "measurements" else "image 2"]
    assert isinstance(image, Cleaned)
    assert image.instance_uid.encode() in derived.part10
    assert derived.study_uid == image.study_uid


def readable(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        data = path.read_bytes()
        try:
            read(data, corpus.syntax_of(data))
        except (Unreadable, BeyondLimits):
            continue
        yield data


@pytest.mark.parametrize("profile", ["basic", "research"])
def test_files_of_the_pydicom_wheel(profile: str):
    assert check(readable(corpus.files_of_the_wheel()), profile) >= 70


def test_files_of_a_larger_corpus():
    corpus.needed()
    derived = ("QIICR", "highdicom", "dcmjs", "pydicom-data")
    paths = [path for path in corpus.files_of_the_folder() if any(name in str(path) for name in derived)]
    assert check(readable(paths), "research") >= 1500


def test_highdicom_opens_the_report_and_finds_its_measurements():
    report = hd.sr.Comprehensive3DSR.from_dataset(opened("measurements"))
    (group,) = report.content.get_planar_roi_measurement_groups()
    measured = [(one.name.meaning, float(one.value), one.unit.value) for one in group.get_measurements()]
    assert measured == [("Length", 12.75, "mm"), ("Attenuation Coefficient", 41.5, "[hnsf'U]")]
    assert group.finding_type.meaning == "Neoplasm"
    assert group.tracking_identifier == "lesion 1"
    assert group.tracking_uid == opened("segmentation").SegmentSequence[0].TrackingUID
    assert "Quintanilla" not in str(report)
    assert "Brightwater" not in str(report)


def test_highdicom_opens_the_segmentation_and_finds_its_source_images():
    segmentation = hd.seg.Segmentation.from_dataset(opened("segmentation"))
    images = [opened(f"image {number}") for number in range(1, 4)]
    sources = {instance for _, _, instance in segmentation.get_source_image_uids()}
    assert sources == {image.SOPInstanceUID for image in images}
    pixels = segmentation.get_pixels_by_source_instance([image.SOPInstanceUID for image in images])
    assert pixels.sum() == 3 * 25
    assert segmentation.SegmentSequence[0].SegmentLabel == "liver lesion"
    assert segmentation.ContentDescription == "liver lesions"


def test_highdicom_opens_the_key_object_selection():
    selection = hd.ko.KeyObjectSelectionDocument.from_dataset(opened("key_images"))
    chosen = {selection.resolve_reference(opened(f"image {number}").SOPInstanceUID)[2] for number in (1, 2)}
    assert chosen == {opened("image 1").SOPInstanceUID, opened("image 2").SOPInstanceUID}
    assert READER not in str(selection)


@pytest.mark.parametrize("name", ["segmentation", "measurements", "key_images", "presentation", "structures", "plan"])
def test_under_basic_everything_opens_still(name: str):
    original, cleaned = whole()[name], opened(name, "basic")
    assert cleaned.SOPClassUID == original.SOPClassUID
    assert READER not in str(cleaned)
    assert "Zbyszko" not in str(cleaned)
