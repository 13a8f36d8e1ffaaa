"""What several services must agree on about DICOM: identities and our own constants."""
