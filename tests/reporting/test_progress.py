"""A bar for people only."""

from __future__ import annotations

import io
import sys

import pytest

from orchestrate.reporting.progress import progress_bar, sweep_bar, sweep_line
from orchestrate.usecases.sweeping.trials import Progress


class Terminal(io.StringIO):
    """A text stream that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def test_nothing_is_drawn_without_a_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("x") as progress:
        progress(1, 2)
    assert stream.getvalue() == ""


def test_nothing_is_drawn_unless_requested(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("x", wanted=False) as progress:
        progress(1, 2)
    assert stream.getvalue() == ""


def test_the_name_of_a_file_is_text_and_nothing_else(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("[red]\x1b]0;x\x07\n.yaml") as progress:
        progress(1, 1)
    assert r"[red]\x1b]0;x\x07\n.yaml" in stream.getvalue()


def test_a_terminal_sees_how_far_it_is(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("portfolio.yaml") as progress:
        for done in range(1, 10_001):
            progress(done, 10_000)
    drawn = stream.getvalue()
    assert "portfolio.yaml" in drawn
    assert "10000/10000" in drawn
    assert drawn.count("portfolio.yaml") < 50


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (Progress(0, 9), ""),
        (Progress(3, 9, best=1.23456, rate=2.0, left=3.0), "best 1.235, 2/s, 0:03 left"),
        (Progress(3, 9, rate=0.01, left=7384.0), "0.01/s, 2:03:04 left"),
    ],
)
def test_a_line_says_what_is_known_of_a_sweep(at, line):
    assert sweep_line(at) == line


def test_a_terminal_sees_how_far_a_sweep_is(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with sweep_bar("sweep.yaml") as progress:
        for done in range(1, 1001):
            progress(Progress(done, 1000, best=0.5, rate=100.0, left=0.0))
    drawn = stream.getvalue()
    assert "1000/1000" in drawn
    assert "best 0.5" in drawn
    assert drawn.count("sweep.yaml") < 50
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with sweep_bar("sweep.yaml") as progress:
        progress(Progress(1, 2))
    assert stream.getvalue() == ""
