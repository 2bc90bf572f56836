"""The page of a run: what is on it, that nothing of a user's breaks out, and that it needs no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrate.reporting.page.sections.registry import SECTIONS
from tests.reporting.page.conftest import HOSTILE
from tests.reporting.page.reading import decoded, drawn, figures_of


class Parsed(HTMLParser):
    """The elements of a page, the texts of its sections, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def parsed(page):
    return Parsed(page)


@pytest.fixture(scope="module")
def figures(page):
    return figures_of(page)


def test_every_section_is_there_in_its_order(page):
    own = [title for title in SECTIONS if title != "Structures"]  # which only options have
    assert re.findall(r"<h2 [^>]*>([^<]+)</h2>", page) == own


def test_elements_are_closed_and_ids_unique(parsed):
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 20


def test_the_page_is_small_and_asks_for_nothing(parsed, page):
    assert len(page.encode()) < 2_500_000
    links = [
        value for _, attributes in parsed.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert links
    assert all(value.startswith("#") for value in links)


def test_only_its_own_scripts_may_run(parsed, page):
    [policy] = [
        facts["content"] for name, facts in parsed.elements if facts.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert len(hashes) == 2
    assert not [name for _, facts in parsed.elements for name in facts if name.startswith("on")]


def test_hostile_names_are_text(parsed, page, figures):
    shown = HOSTILE.replace("\u2028", r"\u2028")
    assert shown in parsed.texts
    assert "img" not in [name for name, _ in parsed.elements]
    assert "\u2028" not in page.partition("<body>")[2].partition("<script>")[0]
    assert "<img" not in json.dumps(figures)


def test_headline_figures_are_those_of_the_document(run, page):
    metrics = json.loads((run / "metrics.json").read_text())["portfolio"]["metrics"]
    tiles = dict(
        re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]+)</dd>", page.partition('class="tiles"')[2].partition("</dl>")[0])
    )
    assert tiles["return"] == f"{metrics['total_return']:+.2%}".replace("-", "−")
    assert tiles["Sharpe"] == f"{metrics['sharpe']:.2f}".replace("-", "−")
    assert tiles["trades"] == str(metrics["trades"])


def test_the_curve_of_the_portfolio_is_the_stored_one(run, figures):
    equity = pq.read_table(run / "equity.parquet").to_pandas()
    trace = figures["figures"]["equity"]["data"][0]
    assert trace["name"] == "portfolio"
    x, y = decoded(figures, trace["x"]), decoded(figures, trace["y"])
    stored = equity.portfolio[
        [place for place, label in enumerate(equity.label.astype("int64") / 1e6) if label in set(x)]
    ]
    np.testing.assert_allclose(y, stored / 300_000, rtol=1e-6)
    assert len(x) == 700


def test_the_benchmark_is_drawn_from_what_is_stored(run, figures):
    """From its first close on, scaled as if the whole capital had bought it."""
    closes = pq.read_table(run / "equity.parquet")["benchmark"].to_numpy()
    np.testing.assert_allclose(drawn(figures, "equity", "BBB held"), closes / closes[0], rtol=1e-6)


def test_trades_have_how_far_prices_went(page):
    assert page.count('>MAE</th><th scope="col" class="n">MFE</th>') >= 2


def test_contributions_add_up_to_the_portfolio(figures):
    traces = figures["figures"]["contributions"]["data"]
    parts = [decoded(figures, trace["y"]) for trace in traces if trace["name"] != "portfolio"]
    [whole] = [decoded(figures, trace["y"]) for trace in traces if trace["name"] == "portfolio"]
    np.testing.assert_allclose(np.sum(parts, axis=0), whole, atol=1e-6)


def test_every_chart_has_a_table(parsed, figures):
    charts = [facts["data-chart"] for _, facts in parsed.elements if facts.get("class") == "plot"]
    assert sorted(charts) == sorted(figures["figures"])
    assert {
        "equity",
        "contributions",
        "yearly",
        "distribution",
        "rolling",
        "drawdowns",
        "capital",
        "cuts",
        "rebalances",
    } <= set(charts)
    figures_and_tables = [name for name, _ in parsed.elements if name in ("figure", "table")]
    assert all(after == "table" for name, after in pairwise(figures_and_tables) if name == "figure")


def test_cuts_have_what_explain_says(page):
    assert "wanted to buy 400" in page
    assert "because the strategy&#x27;s capital does not pay for more" in page


def test_months_add_up_to_years(page):
    rows = re.findall(r'<tr><th scope="row" class="n">(\d{4})</th>(.*?)</tr>', page)
    assert [year for year, _ in rows] == ["2015", "2016", "2017"]
    for _, cells in rows:
        *months, whole = [
            float(text.replace("−", "-") or 0) / 100 for text in re.findall(r"<td[^>]*>([^<]*)</td>", cells)
        ]
        assert len(months) == 12
        assert np.prod([1 + month for month in months]) - 1 == pytest.approx(whole, abs=0.012)


def test_the_same_run_gives_the_same_page(run, page):
    from orchestrate.usecases.pages.page import page_text

    assert page_text(run.name, run.parent) == page
