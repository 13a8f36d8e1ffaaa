"""Names everything that decides, so that the same revision and input give the same output."""

import hashlib
import json
import platform
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from services.anonymiser.pixels import models
from services.anonymiser.profile.model import Profile

_PACKAGE = Path(__file__).parent.parent
_SHARED = _PACKAGE.parent.parent / "shared" / "dicom"
# What moves bytes in and out, or only makes the data files, does not decide.
_APART = ("__main__.py", "handler.py", "settings.py", "generate_")
_SUFFIXES = {".py", ".json", ".yaml", ".txt", ".csv"}
# They decode, encode, and read pixels.
_LIBRARIES = (
    "pydicom",
    "numpy",
    "pillow",
    "pyjpegls",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "python-gdcm",
    "rapidocr",
    "onnxruntime",
    "opencv-python-headless",
)


def revision(profile: Profile, *identity: str) -> str:
    """`profile`'s name and 12 hexadecimal digits, made of the profile as resolved, of tables, vocabulary, masks,
    networks, code and libraries, and of what else is given: the key's id, and what was declared of the site's
    patients."""
    digest = hashlib.sha256(engine_digest().encode())
    for part in (profile_text(profile), *identity):
        digest.update(hashlib.sha256(part.encode()).digest())
    return f"{profile.name}-{digest.hexdigest()[:12]}"


def profile_text(profile: Profile) -> str:
    """The resolved profile in one form: sets in order."""
    return json.dumps(profile.model_dump(), sort_keys=True, default=sorted)


@cache
def engine_digest() -> str:
    """SHA-256 over this package's code and data, the networks that find text, and the versions of the libraries that it
    decides with: zlib deflates, Python's own tables fold and compose letters. Takes 0.1 s, once."""
    digest = hashlib.sha256()
    for name, content in _decides():
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _decides() -> Iterator[tuple[str, bytes]]:
    for root in (_PACKAGE, _SHARED):
        for path in sorted(root.rglob("*")):
            if path.suffix in _SUFFIXES and not path.name.startswith(_APART):
                yield path.relative_to(root).as_posix(), path.read_bytes().replace(b"\r\n", b"\n")
    for library in _LIBRARIES:
        try:
            yield library, version(library).encode()
        except PackageNotFoundError:
            yield library, b"absent"
    yield "networks", _networks()
    yield "zlib", zlib.ZLIB_RUNTIME_VERSION.encode()
    yield "python", platform.python_version().encode()


def _networks() -> bytes:
    try:
        return models.digest().encode()
    except ModuleNotFoundError:
        return b"absent"
