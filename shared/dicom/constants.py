"""UIDs of the standard that both ends of a connection know, and the names under which we sign (PS3.10 Section 7.1)."""

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""That of DICOM (PS3.7 Annex A)."""
VERIFICATION = "1.2.840.10008.1.1"
"""The SOP class of C-ECHO (PS3.4 Annex A)."""
PUSH_MODEL, PUSH_MODEL_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
"""Storage Commitment Push Model: the SOP class, and its one instance (PS3.4 Sections J.3.1 and J.3.5)."""

IMPLEMENTATION_CLASS_UID = "2.25.167787172134241924346261845221109947738"
IMPLEMENTATION_VERSION_NAME = "ISOCENTRE_0_1"
