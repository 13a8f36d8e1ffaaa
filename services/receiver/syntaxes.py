"""What is taken of a site: by SOP class, the transfer syntaxes."""

from collections.abc import Mapping

from pynetdicom import AllStoragePresentationContexts
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES

from services.receiver.upper.command import PUSH_MODEL
from shared.sites import Site

VERIFICATION = "1.2.840.10008.1.1"

_STORAGE = frozenset(map(str, ALL_TRANSFER_SYNTAXES))
_COMMANDS = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})

TAKEN = {str(context.abstract_syntax): _STORAGE for context in AllStoragePresentationContexts} | {
    VERIFICATION: _COMMANDS
}


def taken(site: Site) -> Mapping[str, frozenset[str]]:
    """The transfer syntaxes, by SOP class; that of storage commitment only where the site has it switched on."""
    return TAKEN | {PUSH_MODEL: _COMMANDS} if site.commitment else TAKEN
