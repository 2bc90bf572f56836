"""The page of a sweep of 2,000 trials as a browser shows it: no complaint, no request, for every screen and reader."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from orchestrate.domain.sweeps import Axis
from orchestrate.usecases.pages.page import report_page
from tests.analytics.sweeps.builders import FAST, SLOW, sweep_of
from tests.analytics.sweeps.stored import store_sweep
from tests.reporting.page.browser import CHROMIUM, Browser
from tests.reporting.page.looks import broken_rules, show_all

pytestmark = [
    pytest.mark.uncounted,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here"),
]
AXES = (
    Axis(FAST.name, FAST.path, tuple(range(5, 25))),
    Axis(SLOW.name, SLOW.path, tuple(range(30, 130, 10))),
    Axis("trend.stop", ("strategies", "trend", "config", "stop"), tuple(range(1, 11))),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    reports = tmp_path_factory.mktemp("sweep") / "reports"
    plan, part = sweep_of(axes=AXES, days=48)
    assert len(part.trials) == 2000
    store_sweep(reports, plan, [part])
    return report_page("latest", reports)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def opened(browser, page):
    browser.resize(1280, 900)
    browser.prefer("light")
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(page.as_uri())
    return browser


def test_all_charts_are_drawn_without_complaint_or_request(opened, page):
    show_all(opened)
    assert opened.complaints == []
    asked = [one for one in opened.requests if not one.startswith("data:")]  # heatmaps are images of their own
    assert asked == [page.as_uri()]
    assert opened.ask("document.querySelectorAll('.heatmaplayer image').length") == 3
    assert page.stat().st_size < 2_500_000
    assert opened.printed().startswith(b"%PDF")


def test_one_reduction_is_shown_at_a_time(opened):
    show_all(opened)
    shown = "document.querySelector('.plot[id^=chart-map]')._fullData.map((one) => one.visible).slice(0, 4)"
    pressed = (
        "[...document.querySelectorAll('figure:has([data-choice]) [aria-pressed=true]')].map((one) => one.textContent)"
    )
    assert opened.ask(shown) == [True, False, False, False]
    opened.ask("document.querySelector('[data-choice=\"2\"]').click()")
    opened.wait(f"JSON.stringify({shown}) === '[false,false,true,false]'")
    assert opened.ask(pressed) == ["Highest", "Median", "Median"]


def test_a_phone_shows_it_without_scrolling_sideways(opened):
    opened.resize(390, 844, phone=True)
    opened.open(opened.ask("location.href"))
    show_all(opened)
    assert opened.ask("document.documentElement.scrollWidth") == 390
    edges = "['.tiles', '.tiles > :last-child'].map((one) => document.querySelector(one).getBoundingClientRect().right)"
    whole, last = opened.ask(edges)
    assert whole - last <= 1.5  # no empty place beside the last of five
    assert opened.complaints == []


@pytest.mark.skipif(find_spec("axe_core_python") is None, reason="axe-core-python is not installed")
def test_no_rule_of_accessibility_is_broken(opened):
    show_all(opened)
    assert broken_rules(opened) == []
