"""What a request is answered with (PS3.7 Annex C, PS3.4 Table B.2-1); STOW-RS gives the same as reasons."""

SUCCESS = 0x0000
PROCESSING_FAILURE, INVALID_INSTANCE_UID, CLASS_NOT_SUPPORTED, NOT_AUTHORISED = 0x0110, 0x0117, 0x0122, 0x0124
UNRECOGNISED_OPERATION = 0x0211
OUT_OF_RESOURCES, CLASS_OR_UID_MISMATCH, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000
_WARNINGS = range(0xB000, 0xC000)


def says_stored(status: int) -> bool:
    """Whether the instance has been stored: it has, too, where there is a warning (PS3.4 Section B.2.3)."""
    return status == SUCCESS or status in _WARNINGS
