"""What of a site is live: a burst, then so many a second, each site for itself."""

import pytest

from services.receiver.allowances import Allowances
from shared.sites import Live, Site

SITE, OTHER = (Site(code=code, project="demo") for code in ("site-a", "site-b"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(allowances: Allowances, site: Site, tries: int) -> int:
    return sum(allowances.has(site) for _ in range(tries))


def test_a_burst_is_live_and_what_exceeds_it_is_not(clock: Clock) -> None:
    allowances = Allowances(5, 2.0, clock=clock)
    assert taken(allowances, SITE, 20) == 5
    assert taken(allowances, OTHER, 3) == 3
    clock.now = 2.0
    assert taken(allowances, SITE, 20) == 4
    clock.now = 1000.0
    assert taken(allowances, SITE, 20) == 5


def test_little_by_little_all_of_it_is_live(clock: Clock) -> None:
    allowances = Allowances(1, 2.0, clock=clock)
    for second in range(50):
        clock.now = second / 2
        assert allowances.has(SITE)


def test_a_site_may_have_more_or_less_than_others_and_processes_share_it(clock: Clock) -> None:
    site = Site(code="site-c", project="demo", live=Live(burst=100, per_second=10))
    tiny = Site(code="site-d", project="demo", live=Live(burst=1, per_second=0.1))
    allowances = Allowances(8, 2.0, processes=4, clock=clock)
    assert [taken(allowances, one, 200) for one in (SITE, site, tiny)] == [2, 25, 1]
    clock.now = 2.0
    assert [taken(allowances, one, 200) for one in (SITE, site, tiny)] == [1, 5, 0]
