"""A bar for people only."""

from __future__ import annotations

import io
import sys

from orchestrate.reporting.progress import progress_bar


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
