"""Sites that send as fast as they are answered, and note what was acknowledged. Their notes lose no power."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.generated import Item, ct
from tests.support.persistent import PersistentSender

SITES = {"site-kill-a": "KILL_A", "site-kill-b": "KILL_B", "site-decided": "DECIDED"}
"""By code, the calling AE title. One association each."""
IMAGES, STUDIES = 500, 4
"""Of each site in each round: more than can be sent."""


class Load:
    """All that was acknowledged, over all rounds."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, list[Item]] = {site: [] for site in SITES}
        self._rounds = 0

    def __len__(self) -> int:
        return sum(len(items) for items in self.acknowledged.values())

    @contextmanager
    def under_way(self, port: int) -> Iterator[Mapping[str, PersistentSender]]:
        """All sites send within this block, other images in each round."""
        self._rounds += 1
        images = {site: self._images(number) for number, site in enumerate(SITES)}
        senders = {site: PersistentSender(port, SITES[site], items) for site, items in images.items()}
        for sender in senders.values():
            sender.allow(IMAGES)
            sender.start()
        try:
            yield senders
        finally:
            for site, sender in senders.items():
                sender.stop()
                sender.join(30)
                self.acknowledged[site] += images[site][: sender.answered]

    def _images(self, site: int) -> list[Item]:
        collection = 100 * self._rounds + site
        return [ct(collection, number, studies=STUDIES) for number in range(IMAGES)]
