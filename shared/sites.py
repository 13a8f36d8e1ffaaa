"""Who may send, and how each site's patients are told apart: the sites file and the file of merges."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.dicom.patients import Merge, Patients, Rules, UnknownSite
from shared.misconfigured import Misconfigured
from shared.private_file import read_private

CODE = "^[a-z0-9][a-z0-9-]{0,31}$"
DEFAULT_PROFILE = "research"


class _Declared(BaseModel):
    """Something that an operator wrote. What is wrong is told without what he wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Site(_Declared):
    """One site. An empty list of titles matches any."""

    code: str = Field(pattern=CODE, description="Opaque: it crosses to the clean zone.")
    project: str = Field(pattern=CODE)
    calling_ae_titles: frozenset[str] = frozenset()
    called_ae_titles: frozenset[str] = frozenset()
    profile: str = Field(default=DEFAULT_PROFILE, pattern=CODE, description="Profile that its objects go through.")
    domain: str | None = Field(
        default=None,
        pattern=CODE,
        description="Within it the same patient ID is the same patient at every site; the site's own unless given.",
    )
    default_issuer: str = Field(default="", description="Counts as the Issuer of Patient ID where none was sent.")
    quarantine_days: int | None = Field(
        default=None, ge=1, description="After these, `isocentre quarantine expire` ends what is held; None: never."
    )

    @property
    def rules(self) -> Rules:
        """How its patients are told apart."""
        return Rules(self.domain or self.code, self.default_issuer)


class Sites(_Declared):
    """All sites of a node, in the order in which they are tried."""

    sites: tuple[Site, ...] = Field(min_length=1)
    aliases_file: Path | None = Field(
        default=None, description="Merges of patient IDs, beside this file unless absolute; of the identified side."
    )

    @model_validator(mode="after")
    def _one_project(self) -> Self:
        """A node has one key, and two projects under one key could be linked."""
        if len({site.project for site in self.sites}) > 1:
            raise ValueError("all sites of a node belong to one project")
        return self

    @model_validator(mode="after")
    def _one_answer_per_code(self) -> Self:
        """A code may stand here twice, for other titles, but not for other rules."""
        rules = {(site.code, site.profile, site.rules, site.quarantine_days) for site in self.sites}
        if len(rules) > len({site.code for site in self.sites}):
            raise ValueError("entries of one site have different profiles, domains or issuers, or terms")
        return self

    @model_validator(mode="after")
    def _domains_are_shared_on_purpose(self) -> Self:
        """Nobody's patients are linked by a domain that happens to have his code."""
        declared = {site.domain for site in self.sites} - {None}
        if any(site.domain is None and site.code in declared for site in self.sites):
            raise ValueError("a domain has the code of a site that does not declare it")
        return self

    @property
    def project(self) -> str:
        """The project of all of them."""
        return self.sites[0].project

    def site(self, code: str) -> Site:
        """The site of that code. Raises UnknownSite."""
        for site in self.sites:
            if site.code == code:
                return site
        raise UnknownSite(code)

    def find(self, called: str, calling: str) -> Site | None:
        """The first site that these AE titles (padding does not count) belong to."""
        for site in self.sites:
            if _matches(site.called_ae_titles, called) and _matches(site.calling_ae_titles, calling):
                return site
        return None

    def serves(self, called: str) -> bool:
        """Whether any site is reached under that called AE title."""
        return any(_matches(site.called_ae_titles, called) for site in self.sites)

    def patients(self, aliases: Iterable["Alias"] = ()) -> Patients:
        """Who counts as whom at these sites. Raises Misconfigured when the merges contradict, or name no site here."""
        rules = {site.code: site.rules for site in self.sites}
        apart = Patients(rules)
        return Patients(rules, [alias.merge(apart, number) for number, alias in enumerate(aliases, start=1)])


class Alias(_Declared):
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


class _Aliases(_Declared):
    patients: tuple[Alias, ...]


_File = TypeVar("_File", Sites, _Aliases)
_FIELDS = {
    name
    for model in (Site, Sites, Alias, _Aliases)
    for key, field in model.model_fields.items()
    for name in (key, field.alias)
}


def read_sites(path: Path) -> Sites:
    """The sites file, YAML. Raises Misconfigured when it cannot be read or does not say what it must."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failed:
        raise Misconfigured(f"{path} cannot be read: {type(failed).__name__}") from None
    return _validated(Sites, text, path)


def read_patients(path: Path, *, accept_open: bool = False) -> Patients:
    """Who counts as whom, from the sites file and the file of merges that it names.

    The latter holds patient IDs, so it must be closed to others unless `accept_open`. Raises Misconfigured.
    """
    sites = read_sites(path)
    if sites.aliases_file is None:
        return sites.patients()
    place = path.parent / sites.aliases_file
    aliases = _validated(_Aliases, read_private(place, accept_open=accept_open), place)
    return sites.patients(aliases.patients)


def _validated(model: type[_File], text: str, path: Path) -> _File:
    try:
        content: Any = yaml.safe_load(text)
    except yaml.YAMLError as failed:
        mark = getattr(failed, "problem_mark", None)
        raise Misconfigured(f"{path} is no YAML{f', line {mark.line + 1}' if mark else ''}") from None
    try:
        return model.model_validate(content)
    except ValidationError as refused:
        raise Misconfigured(f"{path}: {'; '.join(_told(refused))}") from None


def _told(refused: ValidationError) -> Iterable[str]:
    for error in refused.errors(include_url=False, include_context=False, include_input=False):
        # A part that we do not know was written by the operator, and may be a value in the wrong place.
        place = (str(part) if isinstance(part, int) or part in _FIELDS else "…" for part in error["loc"])
        yield f"{'.'.join(place) or 'all of it'}: {error['msg']}"


def _matches(titles: frozenset[str], title: str) -> bool:
    return not titles or title.strip() in titles
