"""A Part 10 file to a small JPEG. The same bytes give the same JPEG."""

from io import BytesIO

from services.thumbnailer.colour import colour
from services.thumbnailer.frame import Frame, Undrawable, middle_frame
from services.thumbnailer.grey import grey
from services.thumbnailer.picture import NoPicture, Picture
from services.thumbnailer.scale import enlarged, picture_size, pixel_ratio
from shared.outcome import SPOILING, Reason

QUALITY = 85


def render(data: bytes) -> Picture | NoPicture:
    """The picture, or why there is none. Raises what spoils a worker (`shared.outcome.SPOILING`) only."""
    try:
        return _picture(middle_frame(data))
    except Undrawable as undrawable:
        return NoPicture(undrawable.reason)
    except SPOILING:
        raise
    except Exception:  # decoders raise anything, and what they say may quote what they read
        return NoPicture(Reason.DECODER_FAILED)


def _picture(frame: Frame) -> Picture:
    rows, columns = frame.array.shape[:2]
    size = picture_size(rows, columns, pixel_ratio(frame.described))
    coloured = frame.array.ndim == 3 or frame.photometric == "PALETTE COLOR"
    image = enlarged(colour(frame, size) if coloured else grey(frame, size), size)
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), image.width, image.height)
