"""How an element in an explicit VR tells its length (PS3.5 Section 7.1.2)."""

LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
"""With a length of four bytes behind two reserved ones (PS3.5 Table 7.1-1)."""
SHORT_VRS = frozenset({*b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()})
"""With a length of two bytes (PS3.5 Table 7.1-2)."""
