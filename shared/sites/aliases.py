"""The file of merges: patients whose ID has changed, or whose two IDs were found to be one person's."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ConfigDict, Field

from shared.dicom.patients import Merge, Patients
from shared.private_file import read_private
from shared.sites.declared import Declared, validated
from shared.sites.file import Sites, read_sites


class Alias(Declared):
    """One patient whose ID has changed, or whose two IDs were found to be one person's. Quoted in YAML: `"0042"`."""

    model_config = ConfigDict(strict=True)

    site: str
    issuer: str = Field(default="", description="Of the old ID; blank counts as the site's default issuer.")
    old: str = Field(alias="from")
    new: str = Field(alias="to")
    new_issuer: str | None = Field(default=None, alias="to_issuer", description="The old ID's unless given.")

    def merge(self, patients: Patients, number: int) -> Merge:
        """The same in terms of `patients`, which knows no merges. Raises UnknownSite."""
        new_issuer = self.issuer if self.new_issuer is None else self.new_issuer
        old, new = (
            patients.sent(self.site, issuer, patient_id)
            for issuer, patient_id in ((self.issuer, self.old), (new_issuer, self.new))
        )
        return Merge(old, new, f"alias {number}")


class _Aliases(Declared):
    patients: tuple[Alias, ...]


def read_patients(path: Path, *, accept_open: bool = False) -> Patients:
    """Who counts as whom, from the sites file and the file of merges that it names.

    The latter holds patient IDs, so it must be closed to others unless `accept_open`. Raises Misconfigured.
    """
    sites = read_sites(path)
    if sites.aliases_file is None:
        return patients_of(sites)
    place = path.parent / sites.aliases_file
    return patients_of(sites, validated(_Aliases, read_private(place, accept_open=accept_open), place).patients)


def files_of(path: Path, sites: Sites) -> tuple[Path, ...]:
    """The sites file at `path`, which says `sites`, and what it is read with."""
    return (path, path.parent / sites.aliases_file) if sites.aliases_file else (path,)


def patients_of(sites: Sites, aliases: Iterable[Alias] = ()) -> Patients:
    """Who counts as whom at these sites. Raises Misconfigured when the merges contradict, or name no site here."""
    rules = {site.code: site.rules for site in sites.sites}
    apart = Patients(rules)
    return Patients(rules, [alias.merge(apart, number) for number, alias in enumerate(aliases, start=1)])
