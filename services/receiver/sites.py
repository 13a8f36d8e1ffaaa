"""Who may send: the sites file."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Site(BaseModel):
    """One site. An empty list of titles matches any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,31}$", description="Opaque: it crosses to the clean zone.")
    project: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,31}$")
    calling_ae_titles: frozenset[str] = frozenset()
    called_ae_titles: frozenset[str] = frozenset()


class Sites(BaseModel):
    """All sites of a node, in the order in which they are tried."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sites: tuple[Site, ...]

    @model_validator(mode="after")
    def _one_project(self) -> Self:
        """A node has one key, and two projects under one key could be linked."""
        if len({site.project for site in self.sites}) > 1:
            raise ValueError("all sites of a node belong to one project")
        return self

    def find(self, called: str, calling: str) -> Site | None:
        """The first site that these AE titles (padding does not count) belong to."""
        for site in self.sites:
            if _matches(site.called_ae_titles, called) and _matches(site.calling_ae_titles, calling):
                return site
        return None

    def serves(self, called: str) -> bool:
        """Whether any site is reached under that called AE title."""
        return any(_matches(site.called_ae_titles, called) for site in self.sites)


def read_sites(path: Path) -> Sites:
    """The sites file, YAML. Raises ValueError when it does not say what it must."""
    return Sites.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def _matches(titles: frozenset[str], title: str) -> bool:
    return not titles or title.strip() in titles
