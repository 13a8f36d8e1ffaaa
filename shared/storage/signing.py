"""Signature version 4 of S3, over the headers. A checksum among them vouches for the body."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

REGION = "us-east-1"
"""What servers that stand in no region go by."""

_UNRESERVED = "-_.~"
_BODY = "UNSIGNED-PAYLOAD"


def path_of(bucket: str, key: str = "") -> str:
    """The path in a URL."""
    return quote(f"/{bucket}/{key}" if key else f"/{bucket}", safe=f"/{_UNRESERVED}")


def query_of(parameters: Mapping[str, str]) -> str:
    """The query in a URL, in the order in which it is signed."""
    return "&".join(
        f"{quote(name, safe=_UNRESERVED)}={quote(value, safe=_UNRESERVED)}"
        for name, value in sorted(parameters.items())
    )


class Signer:
    """One user of one server; `host` as the server is asked for it."""

    def __init__(self, access_key: str, secret_key: str, host: str) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._host = host
        self._key_of_day = ("", b"")

    def sign(self, method: str, path: str, query: str, headers: Mapping[str, str], now: datetime) -> dict[str, str]:
        """All headers of the request: `headers` (names in lower case) and those that sign them. `now` in UTC."""
        time = f"{now:%Y%m%dT%H%M%SZ}"
        scope = f"{time[:8]}/{REGION}/s3/aws4_request"
        signed = {**headers, "host": self._host, "x-amz-content-sha256": _BODY, "x-amz-date": time}
        names = ";".join(sorted(signed))
        lines = [f"{name}:{signed[name]}" for name in sorted(signed)]
        request = "\n".join([method, path, query, *lines, "", names, _BODY])
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}"
        signature = hmac.digest(self._key(time[:8]), text.encode(), "sha256").hex()
        return signed | {
            "authorization": f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        }

    def _key(self, day: str) -> bytes:
        known, key = self._key_of_day
        if known != day:
            key = f"AWS4{self._secret_key}".encode()
            for part in (day, REGION, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key_of_day = (day, key)
        return key
