"""Alembic migrations of the clean side's database; run by `python -m services.indexer migrate`."""
