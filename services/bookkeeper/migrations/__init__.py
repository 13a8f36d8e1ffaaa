"""Alembic migrations of the identified side's database; run by `python -m services.bookkeeper migrate`."""
