"""Holds the books against each witness, in a way that is exact while everything moves.

Whatever differs at a first look is a candidate only. Candidates are looked at again, the witness first, then the books
once they have caught up with the topics as they end after that: what the witness had seen has been announced by then,
and what was to be deleted has been decided. What differs still, does.
"""
