"""The console in a real browser: pictures that load, journeys, both colour schemes, a narrow screen, no errors."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from infra.local.state import Stack
from services.gateway.app import create_app
from services.gateway.counters import SiteCounters
from services.gateway.database import Database
from services.gateway.letters import KnownLetters
from services.gateway.parts import Parts
from services.indexer.migrate import migrate
from tests.support import postgres
from tests.support.gateway import GONE, OTHER, TRACES, TWICE, listening
from tests.support.letters import id_of
from tests.support.seed_index import PLANS, study_uid, uid
from tests.support.waiting import until

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)"
pytestmark = [pytest.mark.stack, pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)]

FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
FLAGS += "--disable-component-update --disable-sync --disable-dev-shm-usage"
HEAD, FIRST = study_uid(0), uid("instance", "00", 0, 1)
REFUSED = uid("instance", "again", "04", 0, 1)
WIDE, NARROW = 1280, 390


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    assert CHROMIUM
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """Wide and light at first; whatever the browser complained about fails the test."""
    chromium.get_log("browser")
    show(chromium, WIDE, "light")
    yield chromium
    assert chromium.get_log("browser") == []


def show(browser: webdriver.Chrome, width: int, scheme: str) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def all_of(browser: webdriver.Chrome, selector: str) -> list[WebElement]:
    return browser.find_elements(By.CSS_SELECTOR, selector)


def texts(browser: webdriver.Chrome, selector: str) -> list[str]:
    return [element.text for element in all_of(browser, selector)]


def pictures(browser: webdriver.Chrome) -> list[int]:
    """The width of every picture once all have been loaded, those below the fold too."""
    browser.execute_script("for (const image of document.images) image.loading = 'eager'")
    until(lambda: run(browser, "[...document.images].every(image => image.complete)"), "pictures load")
    widths: list[int] = run(browser, "[...document.images].map(image => image.naturalWidth)")
    return widths


def run(browser: webdriver.Chrome, expression: str) -> Any:
    return browser.execute_script(f"return {expression}")


def test_the_studies_with_their_pictures(browser: webdriver.Chrome, gateway_url: str) -> None:
    browser.get(gateway_url)
    assert texts(browser, ".card .name") == [plan.description for plan in PLANS]
    widths = pictures(browser)
    assert len(widths) == len(PLANS) - 1
    assert all(width > 0 for width in widths)
    assert "No picture" in texts(browser, ".card")[3]
    assert {"De-identified\n34", "Indexed\n31"} <= set(texts(browser, ".stages li"))
    assert texts(browser, ".book h3") == ["north\n37"]


def test_from_a_study_to_an_image_to_its_trace(browser: webdriver.Chrome, gateway_url: str) -> None:
    browser.get(gateway_url)
    all_of(browser, ".card")[0].click()
    assert browser.current_url == f"{gateway_url}/study/{HEAD}"
    assert texts(browser, "h1") == ["CT head, planning"]
    assert len(all_of(browser, ".strip a")) == 11
    # One of the eleven is a plan.
    assert len(widths := pictures(browser)) == 10
    assert all(width > 0 for width in widths)
    all_of(browser, ".strip a")[1].click()
    assert pictures(browser)[0] > 0
    assert texts(browser, ".steps h3")[0].startswith("De-identified")
    assert len(all_of(browser, ".steps > li")) == 4
    (trace,) = all_of(browser, ".journey header a")
    assert str(trace.get_attribute("href")).startswith(f"{TRACES}/zipkin/traces/")


def test_a_refused_image_tells_why(browser: webdriver.Chrome, gateway_url: str) -> None:
    browser.get(f"{gateway_url}/instance/{REFUSED}")
    assert texts(browser, "h1") == ["Not let in"]
    assert "pixel-length" in texts(browser, ".steps .bad")[0]
    assert all_of(browser, ".steps .waiting") == []


def test_two_arrivals_under_one_uid_are_told_apart(browser: webdriver.Chrome, gateway_url: str) -> None:
    browser.get(f"{gateway_url}/instance/{FIRST}")
    assert texts(browser, ".verdict") == ["The one in the index", "Another arrival under the same UID"]


def test_what_did_not_go_through(browser: webdriver.Chrome, gateway_url: str) -> None:
    browser.get(gateway_url)
    (link,) = [one for one in all_of(browser, ".top nav a") if one.text == "Stopped"]
    link.click()
    assert texts(browser, "h1") == ["What did not go through"]
    assert [one.splitlines()[:2] for one in texts(browser, ".causes header")] == [
        ["The event cannot be read", "1"],
        ["Our fault: a defect in a stage", "1"],
    ]
    assert "isocentre dlq requeue --zone clean" in texts(browser, ".command")[0]
    assert texts(browser, ".settled") == ["Settled: 1 died again, 1 discarded."]
    assert [one.split()[-1] for one in texts(browser, ".counts .pair")] == ["3", "1", "1"]
    all_of(browser, ".causes a")[1].click()
    assert texts(browser, ".steps h3 a") == ["Died"]
    assert f"isocentre dlq discard {id_of(TWICE)} --ground not-wanted" in texts(browser, ".command")
    assert "1.2.3.4" not in browser.page_source
    browser.get(f"{gateway_url}/dead-letters/{id_of(GONE)}")
    assert texts(browser, ".steps .plain p") == ["Ground: not-wanted"]
    browser.get(f"{gateway_url}/dead-letters/{id_of(OTHER)}")
    (trace,) = all_of(browser, ".actions a")
    assert str(trace.get_attribute("href")).startswith(f"{TRACES}/zipkin/traces/")


def test_searching(browser: webdriver.Chrome, gateway_url: str) -> None:
    browser.get(gateway_url)
    (field,) = all_of(browser, "input[name=q]")
    field.send_keys("bone")
    field.submit()
    until(lambda: "q=bone" in browser.current_url, "the search is sent")
    assert texts(browser, ".card .name") == ["Whole body bone scan"]
    browser.get(f"{gateway_url}/?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert texts(browser, ".empty h2") == ["No study matches"]


LETTER = f"/dead-letters/{id_of(TWICE)}"
PATHS = ["/", f"/study/{HEAD}", f"/instance/{FIRST}", f"/instance/{REFUSED}", "/?q=nobody", "/dead-letters", LETTER]


@pytest.mark.parametrize("path", PATHS)
def test_both_colour_schemes_and_a_narrow_screen(browser: webdriver.Chrome, gateway_url: str, path: str) -> None:
    shades = []
    for scheme in ("light", "dark"):
        for width in (WIDE, NARROW):
            show(browser, width, scheme)
            browser.get(gateway_url + path)
            assert run(browser, "document.documentElement.scrollWidth") <= width
            colours = run(browser, "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])")
        shades.append([brightness(colour) for colour in colours])
    (ink, ground), (dark_ink, dark_ground) = shades
    assert ground - ink > 150
    assert dark_ink - dark_ground > 150


def brightness(colour: str) -> float:
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(numbers) / 3


@pytest.fixture
def bare_url(components: Stack, gateway_parts: Parts) -> Iterator[str]:
    """A gateway of a node where nothing has happened yet."""
    address = postgres.fresh(components.database)
    migrate(address.url("indexer"))
    database = Database(address.url("gateway"))
    with listening(
        create_app(replace(gateway_parts, database=database, counters=SiteCounters(), letters=KnownLetters()))
    ) as url:
        yield url
    database.close()


def test_where_nothing_has_arrived_it_says_how_to_begin(browser: webdriver.Chrome, bare_url: str) -> None:
    for width in (WIDE, NARROW):
        show(browser, width, "dark")
        browser.get(bare_url)
        assert texts(browser, ".empty h2") == ["Nothing has arrived yet"]
        assert "make demo" in texts(browser, ".empty dl")[0]
        assert run(browser, "document.documentElement.scrollWidth") <= width


def test_an_open_page_keeps_itself_up_to_date(browser: webdriver.Chrome, gateway_parts: Parts) -> None:
    parts = replace(gateway_parts, counters=(counters := SiteCounters()))
    with listening(create_app(parts)) as url:
        browser.get(url)
        assert "Counted from the index" in texts(browser, "aside")[0]
        for state in gateway_parts.counters.all():
            counters.apply(state)
        until(lambda: "Counted from the index" not in texts(browser, "aside")[0], "the page refreshes", 15)
        assert texts(browser, ".live") == ["Live"]
