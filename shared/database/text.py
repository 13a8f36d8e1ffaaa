"""What PostgreSQL can hold of a text."""


def storable(value: str) -> str:
    """`value` without what PostgreSQL text cannot hold: NUL and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def short(value: str, limit: int = 64) -> str:
    """A name of ours as it can stand in an index."""
    return storable(value[:limit])
