"""`report --format html`, `backtest --report`: pages of stored runs, beside them or elsewhere, whole or not at all."""

from __future__ import annotations

import webbrowser

import pytest

FILE = """\
strategy: MOMENTUM
config: {fast: 2, slow: 5}
capital: 10000
data: {AAA: {path: bars.csv}}
"""


@pytest.fixture
def run_id(prompt):
    """A run that was stored without a page."""
    return prompt.backtest("single.yaml", "--format", "json").document["run_id"]


def test_a_page_and_the_index_are_written_and_the_page_is_named(prompt, run_id):
    done = prompt("report", "--format", "html")
    assert (done.code, done.out, done.err) == (0, f"reports/{run_id}/report.html\n", "")
    reports = prompt.folder / "reports"
    assert (reports / run_id / "report.html").read_text().startswith("<!doctype html>")
    assert f'href="{run_id}/report.html"' in (reports / "index.html").read_text()
    assert sorted(path.name for path in reports.iterdir()) == [run_id, "index.html"]
    assert prompt.journal[-1]["event"] == "report_generated"


def test_a_page_elsewhere_comes_without_an_index(prompt, run_id):
    done = prompt("report", run_id, "--format", "html", "--output", "page.html")
    assert (done.code, done.out) == (0, "page.html\n")
    assert (prompt.folder / "page.html").stat().st_mode & 0o777 == (
        prompt.folder / "single.yaml"
    ).stat().st_mode & 0o777
    assert not (prompt.folder / "reports" / "index.html").exists()
    assert not (prompt.folder / "reports" / run_id / "report.html").exists()


def test_a_run_with_a_page_is_as_whole_as_before(prompt, run_id):
    before = prompt("report", "--format", "json").document
    prompt("report", "--format", "html")
    assert prompt("report", "--format", "json").document == before


def test_backtest_writes_the_same_page_as_report(prompt):
    done = prompt("backtest", "single.yaml", "--report", "-q")
    [stored] = [path for path in prompt.runs if path.is_dir()]
    assert (done.code, done.out) == (0, f"reports/{stored.name}\nreports/{stored.name}/report.html\n")
    page = (stored / "report.html").read_bytes()
    prompt("report", "--format", "html")
    assert (stored / "report.html").read_bytes() == page


def test_the_document_stays_alone_on_stdout(prompt):
    done = prompt("backtest", "single.yaml", "--report", "--format", "json")
    assert done.err == f"{done.document['paths']['run']}/report.html\n"


def test_a_failed_gate_has_a_page_too(prompt):
    done = prompt("backtest", "single.yaml", "--gate", "sharpe >= 50", "--report", "-q")
    assert done.code == 1
    assert "1 of 1 gates failed" in (prompt.folder / done.out.splitlines()[-1]).read_text()


def test_it_opens_in_the_browser(prompt, run_id, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert prompt("report", "--format", "html", "--open").code == 0
    assert opened == [(prompt.folder / "reports" / run_id / "report.html").as_uri()]


def test_where_there_is_no_browser_the_page_is_there_all_the_same(prompt, run_id, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    done = prompt("report", "--format", "html", "--open")
    assert done.code == 0
    assert done.err.startswith("there is no browser to open file://")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("latest", "--open"), 2, "give --format html, too"),
        (("latest", "--format", "html", "--output", "no/such/folder.html"), 2, "no/such/folder.html: can't be written"),
        (("1999", "--format", "html"), 5, "there is no run '1999'"),
    ],
)
def test_what_is_wrong(prompt, run_id, words, code, message):
    done = prompt("report", *words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_a_damaged_run_leaves_no_page(prompt, run_id):
    file = prompt.folder / "reports" / run_id / "exposure.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    assert prompt("report", "--format", "html").code == 4
    assert not file.with_name("report.html").exists()


def test_a_folder_that_cannot_be_written_is_told(prompt, run_id):
    blocked = prompt.folder / "reports" / run_id / "report.html"
    blocked.mkdir()
    done = prompt("report", "--format", "html")
    assert done.code == 4
    assert "report.html: can't be written" in done.err
    assert [path.name for path in blocked.parent.iterdir() if path.name.startswith(".")] == []


def test_prices_are_drawn_while_the_data_are_there_and_unchanged(prompt):
    closes = [100 + abs(12 - day % 24) for day in range(100)]
    rows = [
        f"2024-{1 + day // 28:02}-{1 + day % 28:02},{close},{close},{close},{close}" for day, close in enumerate(closes)
    ]
    bars = prompt.folder / prompt.write("bars.csv", "\n".join(["timestamp,open,high,low,close", *rows]))
    prompt.write("file.yaml", FILE)
    prompt("backtest", "file.yaml", "--report", "-q", "--no-cache")
    [stored] = [path for path in prompt.runs if path.is_dir()]

    def page() -> str:
        prompt("report", "--format", "html")
        return (stored / "report.html").read_text()

    assert 'id="chart-prices-0"' in page()
    bars.write_text(bars.read_text().replace("2024-04-16,", "2024-04-16T12:00,"))
    assert "Prices are not shown: its data have changed since the run." in page()
    bars.unlink()
    assert "Prices are not shown: its data can&#x27;t be read: " in page()
    assert 'id="chart-prices-0"' not in page()


def test_the_index_names_damaged_runs_and_shows_the_others(prompt, run_id):
    other = prompt("backtest", "single.yaml", "--format", "json").document["run_id"]
    (prompt.folder / "reports" / run_id / "metrics.json").write_text("{}")
    prompt("report", other, "--format", "html")
    text = (prompt.folder / "reports" / "index.html").read_text()
    assert f"Damaged, and not shown: {run_id}." in text
    assert f"draw {other}" in text
