"""The page as a browser shows it: no complaint, no request, charts that can be used, for every screen and reader."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec

import pytest

from tests.reporting.page.browser import CHROMIUM, Browser
from tests.reporting.page.conftest import command
from tests.reporting.page.looks import DRAWN, broken_rules, show_all

pytestmark = [
    pytest.mark.uncounted,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def opened(browser, run):
    """The page of the run, in a window of a desk's size."""
    browser.resize(1280, 900)
    browser.prefer("light")
    browser.complaints.clear()
    browser.requests.clear()
    browser.open((run / "report.html").as_uri())
    return browser


def traces(browser: Browser, chart: str) -> int:
    """Return how many curves of a chart can be seen."""
    return browser.ask(f"document.querySelectorAll('#chart-{chart} .scatterlayer .trace').length")


def test_all_charts_are_drawn_without_complaint_or_request(opened, run):
    assert opened.ask("document.querySelectorAll('.plot[data-drawn]').length") < opened.ask(
        "document.querySelectorAll('.plot').length"
    )
    show_all(opened)
    assert opened.complaints == []
    assert opened.requests == [(run / "report.html").as_uri()]
    assert opened.ask("document.images.length") == 0
    assert opened.ask("document.body.textContent.includes('</script><img src=x onerror=alert(1)>')")


def test_the_legend_hides_a_curve_and_its_drawdown(opened):
    opened.wait("document.querySelector('#chart-equity .legendtoggle')")
    before = traces(opened, "equity")
    place = opened.ask(
        "(() => { const box = document.querySelectorAll('#chart-equity .legendtoggle')[1].getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    opened.drag(tuple(place), tuple(place))
    opened.wait(f"document.querySelectorAll('#chart-equity .scatterlayer .trace').length === {before - 2}")


def test_a_part_of_the_time_is_zoomed_into_and_left_again(opened):
    axis = "document.getElementById('chart-equity')._fullLayout.xaxis.range.map((one) => +new Date(one))"
    opened.wait("document.querySelector('#chart-equity .nsewdrag')")
    opened.ask("document.getElementById('chart-equity').scrollIntoView({ behavior: 'instant' })")
    whole = opened.ask(axis)
    x, y, width = opened.ask(
        "(() => { const box = document.querySelector('#chart-equity .nsewdrag').getBoundingClientRect();"
        " return [box.x, box.y + box.height / 2, box.width]; })()"
    )
    opened.drag((x + width * 0.25, y), (x + width * 0.75, y + 1))
    opened.wait(f"{axis}[0] > {whole[0]}")
    first, last = opened.ask(axis)
    assert (last - first) / (whole[1] - whole[0]) == pytest.approx(0.5, abs=0.05)
    opened.ask("document.querySelector('[data-days=\"31\"]').click()")
    opened.wait(f"({axis}[1] - {axis}[0]) < 32 * 864e5")
    opened.ask("document.querySelector('[data-days=\"0\"]').click()")
    opened.wait(f"Math.abs({axis}[0] - {whole[0]}) < 864e5")


def test_a_logarithmic_scale(opened):
    opened.wait("document.querySelector('#chart-equity .nsewdrag')")
    opened.ask("document.querySelector('[data-log]').click()")
    opened.wait("document.getElementById('chart-equity')._fullLayout.yaxis.type === 'log'")


def test_dark_by_preference_and_by_button(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    line = "document.querySelector('#chart-equity .scatterlayer .trace path').style.stroke"
    opened.wait("document.querySelector('#chart-equity .scatterlayer .trace path')")
    light = opened.ask(paper), opened.ask(line)
    opened.prefer("dark")
    opened.wait(f"{line} !== '{light[1]}'")
    dark = opened.ask(paper), opened.ask(line)
    assert dark[0] != light[0]
    opened.ask("document.getElementById('theme').click()")
    opened.wait(f"{line} === '{light[1]}'")
    assert opened.ask(paper) == light[0]


def test_printing_draws_every_chart(opened):
    assert opened.printed().startswith(b"%PDF")
    opened.wait(DRAWN)
    assert opened.complaints == []


def test_a_phone_shows_it_without_scrolling_sideways(opened):
    opened.resize(390, 844, phone=True)
    opened.open(opened.ask("location.href"))
    show_all(opened)
    assert opened.ask("document.documentElement.scrollWidth") == 390
    assert opened.complaints == []


@pytest.mark.skipif(find_spec("axe_core_python") is None, reason="axe-core-python is not installed")
@pytest.mark.parametrize(("page", "scheme"), [("run", "light"), ("run", "dark"), ("index", "light")])
def test_no_rule_of_accessibility_is_broken(opened, run, page, scheme):
    opened.prefer(scheme)
    opened.open((run / "report.html" if page == "run" else run.parent / "index.html").as_uri())
    show_all(opened)
    assert broken_rules(opened, dark=scheme == "dark") == []


def test_the_index_filters_and_draws_what_is_chosen(browser, folder):
    with contextlib.chdir(folder):
        assert command("backtest", "run.yaml", "--report", "-q", "--set", "strategies.trend.enabled=false") == 1
    browser.resize(1280, 900)
    browser.complaints.clear()
    browser.open((folder / "reports" / "index.html").as_uri())
    browser.wait("document.querySelector('#chart-growth .scatterlayer .trace')")
    assert traces(browser, "growth") == 2
    browser.ask("document.querySelector('[data-trace]').click()")
    browser.wait("document.querySelectorAll('#chart-growth .scatterlayer .trace').length === 1")
    trades = "[...document.querySelectorAll('#runs tbody td:last-child')].map((cell) => Number(cell.textContent))"
    browser.ask("[...document.querySelectorAll('#runs th.n button')].at(-1).click()")
    falling = browser.ask(trades)
    browser.ask("[...document.querySelectorAll('#runs th.n button')].at(-1).click()")
    assert browser.ask(trades) == sorted(falling) == falling[::-1]
    shown = "[...document.querySelectorAll('#runs tbody tr')].filter((row) => !row.hidden).length"
    assert browser.ask(shown) == 2
    browser.ask("document.getElementById('words').value = 'TREND'")
    browser.ask("document.getElementById('words').dispatchEvent(new Event('input'))")
    assert browser.ask(shown) == 1
    assert browser.complaints == []
