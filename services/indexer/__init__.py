"""Indexer: writes the database of the clean side and decides which instance owns a SOP Instance UID."""
