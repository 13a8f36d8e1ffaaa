"""What is taken of a site: by SOP class, the transfer syntaxes."""

from collections.abc import Mapping

from pydicom._uid_dict import UID_dictionary
from pynetdicom import AllStoragePresentationContexts

from shared.dicom.constants import PUSH_MODEL, VERIFICATION
from shared.sites import Site

NOT_TAKEN = frozenset(
    {
        "1.2.840.10008.1.2.4.94",  # JPIP Referenced
        "1.2.840.10008.1.2.4.95",  # JPIP Referenced Deflate
        "1.2.840.10008.1.2.4.204",  # JPIP HTJ2K Referenced
        "1.2.840.10008.1.2.4.205",  # JPIP HTJ2K Referenced Deflate
        "1.2.840.10008.1.2.7.1",  # SMPTE ST 2110-20 Uncompressed Progressive Active Video
        "1.2.840.10008.1.2.7.2",  # SMPTE ST 2110-20 Uncompressed Interlaced Active Video
        "1.2.840.10008.1.2.7.3",  # SMPTE ST 2110-30 PCM Digital Audio
    }
)
"""The pixels lie on a server elsewhere, or come as a stream beside: who deletes his copy would have lost them."""

TRANSFER_SYNTAXES = (
    frozenset(uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax") - NOT_TAKEN
)
"""All of PS3.6, retired ones too: what nobody here can read is kept as it came, and the anonymiser judges it."""

STORAGE_CLASSES = frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
"""All of PS3.4 Annex B that pynetdicom knows."""

COMMAND_SYNTAXES = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})


def stored(site: Site) -> dict[str, frozenset[str]]:
    """The transfer syntaxes, by SOP class, of what may be stored: the site's storage classes, by default all."""
    classes = (site.sop_classes or STORAGE_CLASSES) | site.private_sop_classes
    return dict.fromkeys(classes, TRANSFER_SYNTAXES)


def taken(site: Site) -> Mapping[str, frozenset[str]]:
    """The same of all that an association may be for: that, verification, and storage commitment where the site has
    it."""
    commands = (VERIFICATION, PUSH_MODEL) if site.commitment else (VERIFICATION,)
    return stored(site) | dict.fromkeys(commands, COMMAND_SYNTAXES)
