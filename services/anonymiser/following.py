"""The engines by what the sites file says now: a new site's first image comes as soon as the receiver knows it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.anonymiser.engine import Engine
from services.anonymiser.engines import Engines
from services.anonymiser.profile.load import BadProfile
from shared.dicom.patients import UnknownSite
from shared.followed import Followed
from shared.misconfigured import Misconfigured


@dataclass(frozen=True, slots=True)
class Reading:
    """Engines, and the files that they follow from."""

    engines: Engines
    files: tuple[Path, ...]


class FollowedEngines:
    """As Engines, read anew by `read`, which raises Misconfigured or BadProfile, when the files change."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        """Reads at once. Raises Misconfigured."""
        self._followed = Followed("sites", lambda: _usable(read), lambda reading: reading.files)

    def of(self, site: str, profile: str | None = None) -> Engine:
        """Raises UnknownSite, BadProfile."""
        try:
            return self._followed.now().engines.of(site, profile)
        except UnknownSite:
            # Somebody has let it in, so that it must be in the file by now.
            return self._followed.again().engines.of(site, profile)


def _usable(read: Callable[[], Reading]) -> Reading:
    try:
        return read()
    except BadProfile:
        # Its text may quote the profile.
        raise Misconfigured(
            "a profile that the sites file names is not there or cannot be used: isocentre profile check"
        ) from None
