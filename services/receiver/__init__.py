"""Receives DICOM from the sites and says yes only when it is safe to."""
