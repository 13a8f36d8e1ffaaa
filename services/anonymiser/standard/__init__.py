"""Tables of the DICOM standard as data, each with its generator (PS3.15, PS3.3, PS3.6)."""
