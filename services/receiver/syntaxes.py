"""What is taken: by SOP class, the transfer syntaxes."""

from pynetdicom import AllStoragePresentationContexts
from pynetdicom._globals import ALL_TRANSFER_SYNTAXES

VERIFICATION = "1.2.840.10008.1.1"

_STORAGE = frozenset(map(str, ALL_TRANSFER_SYNTAXES))
_COMMANDS = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})

TAKEN = {str(context.abstract_syntax): _STORAGE for context in AllStoragePresentationContexts} | {
    VERIFICATION: _COMMANDS
}
