"""The DICOM upper layer as its acceptor (PS3.8), and DIMSE-C for those who store (PS3.7): ours, because a receiver that
moves every byte three times takes a third of what the network brings. Negotiation is pynetdicom's (`negotiation`)."""
