"""Who may send, on what terms, and how each site's patients are told apart: the sites file and the file of merges."""

from shared.sites.aliases import Alias, files_of, read_patients
from shared.sites.declared import CODE
from shared.sites.file import Sites, read_sites
from shared.sites.site import DEFAULT_PROFILE, Commitment, Lane, Live, Site

__all__ = [
    "CODE",
    "DEFAULT_PROFILE",
    "Alias",
    "Commitment",
    "Lane",
    "Live",
    "Site",
    "Sites",
    "files_of",
    "read_patients",
    "read_sites",
]
