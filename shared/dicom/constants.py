"""Names under which this implementation signs the files that it writes (PS3.10 Section 7.1)."""

IMPLEMENTATION_CLASS_UID = "2.25.167787172134241924346261845221109947738"
IMPLEMENTATION_VERSION_NAME = "ISOCENTRE_0_1"
