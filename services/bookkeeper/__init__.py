"""Keeps the ledger: a line for each arrival, grown from the topics of both zones, on the identified side."""
