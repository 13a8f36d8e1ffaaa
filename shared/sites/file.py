"""The sites file: all sites of a node."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from shared.dicom.patients import UnknownSite
from shared.sites.declared import Declared, read_text, validated
from shared.sites.site import OF_THE_SITE, Site


class Sites(Declared):
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
        """A code may stand here twice, for other senders, but not on other terms."""
        first = {site.code: site.terms for site in reversed(self.sites)}
        differ = [
            name for name in OF_THE_SITE if any(site.terms[name] != first[site.code][name] for site in self.sites)
        ]
        if differ:
            raise ValueError(f"entries of one site say different things: {', '.join(differ)}")
        return self

    @model_validator(mode="after")
    def _domains_are_shared_on_purpose(self) -> Self:
        """Nobody's patients are linked by a domain that happens to have his code."""
        declared = {site.domain for site in self.sites} - {None}
        if any(site.domain is None and site.code in declared for site in self.sites):
            raise ValueError("a domain has the code of a site that does not declare it")
        return self

    @model_validator(mode="after")
    def _credentials_are_one_site_s(self) -> Self:
        """Who shows one has said which site he is."""
        for kind in ("certificates", "tokens"):
            owners = {(digest, site.code) for site in self.sites for digest in getattr(site, kind)}
            if any(count > 1 for count in Counter(digest for digest, _ in owners).values()):
                raise ValueError(f"two sites have one of their {kind} in common")
        return self

    @property
    def project(self) -> str:
        """The project of all of them."""
        return self.sites[0].project

    def site(self, code: str) -> Site:
        """The first entry of that code. Raises UnknownSite."""
        for site in self.sites:
            if site.code == code:
                return site
        raise UnknownSite(code)

    def found(self, called: str, calling: str) -> Iterator[Site]:
        """The entries that these AE titles belong to, in order."""
        return (site for site in self.sites if site.serves(called) and site.calls(calling))

    def serves(self, called: str) -> bool:
        """Whether any site is reached under that called AE title."""
        return any(site.serves(called) for site in self.sites)


def read_sites(path: Path) -> Sites:
    """The sites file, YAML. Raises Misconfigured when it cannot be read or does not say what it must."""
    return validated(Sites, read_text(path), path)
