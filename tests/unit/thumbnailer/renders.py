"""Render functions that do in a worker what decoders do on bad streams."""

import ctypes
import os
import time

from services.thumbnailer.picture import NoPicture, Picture
from shared.outcome import Reason

JPEG = b"\xff\xd8\xff a picture"


def by_order(data: bytes) -> Picture | NoPicture:
    """Do as `data` says."""
    match data.split(b" "):
        case [b"draw"]:
            return Picture(JPEG, 256, 128)
        case [b"none"]:
            return NoPicture(Reason.NO_PIXELS)
        case [b"pid"]:
            return Picture(JPEG + str(os.getpid()).encode(), 1, 1)
        case [b"segfault"]:
            ctypes.string_at(0)
        case [b"allocate"]:
            return Picture(JPEG + bytes(4 * 1024**3)[:1], 1, 1)
        case [b"native-allocate"]:
            libc = ctypes.CDLL(None)
            libc.malloc.restype = ctypes.c_void_p
            libc.malloc.argtypes = [ctypes.c_size_t]
            if libc.malloc(4 * 1024**3) is None:
                os.abort()
        case [b"hang"]:
            time.sleep(600)
        case [b"raise"]:
            raise ValueError("canary")
        case [b"half-import"]:
            raise ImportError("failed to map segment from shared object")
        case [b"lie"]:
            return Picture(b"no JPEG", 256, 256)
        case [b"large"]:
            return Picture(JPEG + bytes(2 * 1024**2), 256, 256)
        case [b"print"]:
            os.write(1, b"canary")
            os.write(2, b"canary")
            return Picture(JPEG, 1, 1)
        case [b"environment"]:
            return Picture(JPEG + " ".join(sorted(os.environ)).encode(), 1, 1)
        case [b"once", path]:
            # Dies the first time only.
            if not os.path.exists(path):
                open(path, "w").close()
                os.abort()
            return Picture(JPEG, 2, 2)
    return Picture(JPEG + str(len(data)).encode(), 3, 3)
