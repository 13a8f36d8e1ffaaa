"""Sites that send: by C-STORE and by STOW, insisting or giving up, also what they have sent before."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.chaos.rounds.sent import Sent
from tests.chaos.rounds.world import SITES
from tests.support import light
from tests.support.generated import Item, ct
from tests.support.stack import Stack
from tests.support.stow import content_type, dicom, multipart, token_of
from tests.support.upper import Gone

SHARES = {"site-chaos-a": (0.3, 0.2), "site-chaos-b": (0.2, 0.1), "site-chaos-c": (0.2,)}
"""Of the instances of a round, what each association of each site sends."""
GIVES_UP = ("site-chaos-b", 1)
"""This one sends each instance once, whatever is answered: nobody but the store may know of it then."""
BY_STOW = "site-chaos-c"
TOGETHER = 5
"""Files in one STOW request."""
AGAIN = 0.02
"""So many of what was sent are sent once more."""
STUDIES, SIDE = 3, 112
"""Of one association in a round; pixels on a side: 25 KB each."""
PAUSE = 0.3
"""Seconds before the next try."""
PATIENCE = 30.0
"""Seconds for an answer."""


class Sender(threading.Thread):
    """One association's worth of instances, in order; `pace` seconds between two."""

    def __init__(self, stack: Stack, site: str, items: Sequence[Item], sent: Sent, number: int, pace: float) -> None:
        super().__init__(name=f"{site} {number}", daemon=True)
        self._stack, self._site, self._sent, self._round = stack, site, sent, number
        self._left = list(reversed(items))
        self.pace = pace
        self._hurried = threading.Event()
        self._stopped = threading.Event()

    def hurry(self) -> None:
        """Send the rest as fast as it is answered."""
        self._hurried.set()

    def stop(self) -> None:
        """Give up after all."""
        self._stopped.set()
        self._hurried.set()

    @property
    def left(self) -> int:
        """How many it has not got rid of."""
        return len(self._left)

    def run(self) -> None:
        while self._left and not self._stopped.is_set():
            try:
                self._send()
            except (OSError, Gone, AssertionError, ValueError, httpx.HTTPError) as failed:
                self._refused(type(failed).__name__)
                time.sleep(PAUSE)

    def _send(self) -> None:
        """As much as one connection bears."""
        raise NotImplementedError

    def _accepted(self, item: Item) -> None:
        self._sent.told("success")
        self._sent.take(self._site, item, self._round)
        self._left.remove(item)
        if not self._hurried.is_set():
            self._hurried.wait(self.pace)

    def _refused(self, word: str) -> None:
        self._sent.told(word)


class ByAssociation(Sender):
    """Insists: what is not answered with success is sent again."""

    def _send(self) -> None:
        with light.associated(self._stack.dicom_port, SITES[self._site], PATIENCE) as peer:
            while self._left and not self._stopped.is_set():
                item = self._left[-1]
                status = light.send(peer, item, timeout=PATIENCE)
                if status == light.SUCCESS:
                    self._accepted(item)
                else:
                    self._refused(f"{status:04X}")
                    time.sleep(PAUSE)


class OnceOnly(ByAssociation):
    """Gives up at once."""

    def _refused(self, word: str) -> None:
        super()._refused(word)
        if self._left and not self._stopped.wait(self.pace):
            self._left.pop()


class ByStow(Sender):
    """As a STOW-RS client that looks only at whether all was stored."""

    def _send(self) -> None:
        items = self._left[-TOGETHER:]
        answer = stow(self._stack, self._site, [item.part10() for item in items])
        if answer.status_code != 200:
            self._refused(f"HTTP {answer.status_code}")
            time.sleep(PAUSE)
            return
        for item in items:
            self._accepted(item)


def stow(stack: Stack, site: str, files: Sequence[bytes]) -> httpx.Response:
    """One request. Raises httpx.HTTPError."""
    headers = {"Authorization": f"Bearer {token_of(site)}", "Content-Type": content_type()}
    return httpx.post(f"{stack.stow}/studies", content=multipart(dicom(*files)), headers=headers, timeout=PATIENCE)


@contextmanager
def under_way(stack: Stack, sent: Sent, number: int, instances: int, seconds: float) -> Iterator[list[Sender]]:
    """All sites send so many instances in about so many seconds; other instances in each round."""
    senders = list(_senders(stack, sent, number, instances, seconds))
    for sender in senders:
        sender.start()
    try:
        yield senders
    finally:
        for sender in senders:
            sender.stop()
        for sender in senders:
            sender.join(2 * PATIENCE)


def _senders(stack: Stack, sent: Sent, number: int, instances: int, seconds: float) -> Iterator[Sender]:
    place = 0
    for site, shares in SHARES.items():
        for order, share in enumerate(shares):
            items = _items(number * 10 + place, max(1, round(instances * share)))
            kind = ByStow if site == BY_STOW else OnceOnly if (site, order) == GIVES_UP else ByAssociation
            yield kind(stack, site, items, sent, number, seconds / len(items))
            place += 1


def _items(collection: int, count: int) -> list[Item]:
    """New ones, and at the end some of them once more."""
    made = [ct(100_000 + collection, image, studies=STUDIES, side=SIDE) for image in range(count)]
    return [*made, *made[: round(count * AGAIN)]]
