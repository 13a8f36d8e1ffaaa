"""By what senders prove who they are, and what the sites file holds of it: digests and hashes, never the secret."""

import hashlib
import secrets
from base64 import b64decode, b64encode
from hmac import compare_digest

_SALT, _HASH = 16, 32
"""Bytes."""
_LOG2_COST, _BLOCK, _LANES = 14, 8, 1
"""Of scrypt (RFC 7914): 16 MiB and about 50 ms for each try."""


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER, in hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def token_digest(token: str) -> str:
    """What the sites file holds of a bearer token. Tokens are random and long: no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def passcode_hash(passcode: bytes) -> str:
    """What the sites file holds of a passcode, under a new salt: `$scrypt$ln=14,r=8,p=1$salt$hash`."""
    salt = secrets.token_bytes(_SALT)
    derived = _derived(passcode, salt, _LOG2_COST, _BLOCK, _LANES)
    return f"$scrypt$ln={_LOG2_COST},r={_BLOCK},p={_LANES}${_text(salt)}${_text(derived)}"


def is_passcode(hashed: str, passcode: bytes) -> bool:
    """Whether `hashed`, a passcode_hash, is of that passcode. Takes as long when it is not."""
    _, _, costs, salt, derived = hashed.split("$")
    log2_cost, block, lanes = (int(cost.partition("=")[2]) for cost in costs.split(","))
    return compare_digest(_derived(passcode, _bytes(salt), log2_cost, block, lanes), _bytes(derived))


def _derived(passcode: bytes, salt: bytes, log2_cost: int, block: int, lanes: int) -> bytes:
    memory = 2 * 128 * block * (2**log2_cost + lanes)
    return hashlib.scrypt(passcode, salt=salt, n=2**log2_cost, r=block, p=lanes, maxmem=memory, dklen=_HASH)


def _text(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))
