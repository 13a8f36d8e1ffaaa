"""One validated instance in, one picture in the bucket `derived` out, or the reason why there is none."""

from collections.abc import Callable

from services.thumbnailer.picture import LONG_SIDE, REVISION, NoPicture, Picture
from shared.events import Event, InstanceThumbnailed, InstanceValidated, Outgoing
from shared.outcome import Done, Outcome, Reason, Skip
from shared.runner import Incoming
from shared.storage import ObjectNotFound, Store

COPIES = 2
"""Times its size that an object takes: here, and on its way into the process that renders it."""


def weight(event: Event) -> int:
    """Bytes of memory that handling it takes, beside that of the rendering processes."""
    assert isinstance(event, InstanceValidated)
    return COPIES * event.size


class Thumbnail:
    """Handles InstanceValidated. No picture is an answer too: the instance is as good without."""

    def __init__(
        self,
        *,
        clean: Store,
        derived: Store,
        render: Callable[[bytes], Picture | NoPicture],
        erased: Callable[[str], bool],
    ) -> None:
        """`erased`: whether an object is missing because its arrival was erased."""
        self._erased = erased
        self._clean = clean
        self._derived = derived
        self._render = render

    def __call__(self, record: Incoming) -> Outcome:
        """Raises what the stores and `render` raise."""
        event = record.event
        assert isinstance(event, InstanceValidated)
        try:
            content = self._clean.get(event.key)
        except ObjectNotFound:
            if self._erased(event.arrival):
                return Skip(Reason.ERASED)
            raise
        result = self._render(content)
        if isinstance(result, NoPicture):
            return _done(InstanceThumbnailed(**event.reference(), renderer=REVISION, reason=result.reason.value))
        key = picture_key(event)
        self._derived.put(key, result.jpeg, "image/jpeg")
        return _done(
            InstanceThumbnailed(
                **event.reference(), renderer=REVISION, picture=key, width=result.width, height=result.height
            )
        )


def picture_key(event: InstanceValidated) -> str:
    """Where the picture lies: the same content and renderer, the same key."""
    instance = f"{event.study_instance_uid}/{event.series_instance_uid}/{event.sop_instance_uid}"
    return f"{REVISION}/{instance}/{event.digest[:12]}-{LONG_SIDE}.jpg"


def _done(event: InstanceThumbnailed) -> Done:
    return Done((Outgoing.of(event),))
