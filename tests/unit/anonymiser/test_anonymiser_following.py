"""The anonymiser follows the sites file."""

from pathlib import Path

import pytest

from services.anonymiser.engines import Engines
from services.anonymiser.following import FollowedEngines, Reading
from services.anonymiser.profile.load import shipped
from shared import followed
from shared.dicom.patients import UnknownSite
from shared.sites import files_of, read_patients, read_sites
from tests.unit.anonymiser.door import PSEUDONYMS


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(followed, "EVERY", 3600.0)
    path = tmp_path / "sites.yaml"
    path.write_text("sites: [{code: site-a, project: demo, profile: basic}]")
    return path


def following(file: Path) -> FollowedEngines:
    def read() -> Reading:
        sites = read_sites(file)
        profiles = {site.code: site.profile for site in sites.sites}
        patients = read_patients(file)
        engines = Engines(profiles=profiles, texts=shipped(), pseudonyms=PSEUDONYMS, patients=patients, examiner=None)
        return Reading(engines, files_of(file, sites))

    return FollowedEngines(read)


def test_a_new_site_is_known_when_its_first_image_comes(file: Path) -> None:
    engines = following(file)
    with pytest.raises(UnknownSite):
        engines.of("site-b")
    file.write_text("sites: [{code: site-a, project: demo}, {code: site-b, project: demo, profile: basic}]")
    assert engines.of("site-b").revision("site-b")


def test_another_profile_counts_without_a_restart(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines = following(file)
    before = engines.of("site-a").revision("site-a")
    monkeypatch.setattr(followed, "EVERY", 0.0)
    engines._followed._next = 0.0
    file.write_text("sites: [{code: site-a, project: demo, profile: research}]")
    assert engines.of("site-a").revision("site-a") == before
    assert engines.of("site-a").revision("site-a") != before


@pytest.mark.parametrize("broken", ["sites: [{code: site-a, project: demo, profile: nowhere}]", "sites: []"])
def test_a_file_that_cannot_be_used_changes_nothing(file: Path, broken: str) -> None:
    engines = following(file)
    file.write_text(broken)
    with pytest.raises(UnknownSite):
        engines.of("site-b")
    assert engines.of("site-a").revision("site-a")


def test_the_file_of_merges_is_followed_too(file: Path) -> None:
    file.write_text("sites: [{code: site-a, project: demo}]\naliases_file: aliases.yaml")
    aliases = file.parent / "aliases.yaml"
    aliases.write_text("patients: []")
    aliases.chmod(0o600)
    engines = following(file)
    before = engines.of("site-a")
    aliases.write_text("patients: [{site: site-a, from: '1', to: '2'}]")
    engines._followed.again()
    assert engines.of("site-a").revision("site-a") != before.revision("site-a")
