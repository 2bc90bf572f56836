"""Lists are plain text: as wide as they are, without colour, whatever the terminal."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "words", [["runs"], ["compare", "latest", "latest"], ["heart"], ["clean", "--dry-run", "--keep", "0"]]
)
def test_nothing_is_cut_or_coloured(prompt, stored, two_strategies, monkeypatch, words):
    stored(two_strategies)
    outputs = set()
    for columns in ("40", "80", "160"):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("FORCE_COLOR", "1")
        outputs.add(prompt(*words).out)
    (text,) = outputs
    assert "\x1b" not in text
    assert "…" not in text.replace(" … ", "")
