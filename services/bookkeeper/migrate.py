"""Brings the identified side's database to the newest schema."""

from pathlib import Path

from shared.database import schema

SCRIPTS = Path(__file__).resolve().parent / "migrations"


def migrate(database_url: str) -> tuple[str | None, str | None]:
    """Run what is pending, in one transaction. Returns the revision before and after."""
    return schema.migrate(database_url, SCRIPTS)


def newest() -> str | None:
    """The revision that this code was written for."""
    return schema.newest(SCRIPTS)
