"""Who a peer says he is beside his titles (PS3.7 D.3.3.7)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """A name (type 1), or a name and a passcode (type 2). `asks`: for an answer when it is accepted."""

    name: str
    passcode: bytes | None = None
    asks: bool = False
