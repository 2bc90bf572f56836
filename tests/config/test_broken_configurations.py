"""Mistakes of users, and the exact messages about them: `broken/NAME.yaml` → `broken/NAME.txt`.

The first line of a configuration may give what is laid over it: `# arguments: --set a.b=c`, `# environment: A=b`.
After a deliberate change of messages, write the texts anew: ORCHESTRATE_WRITE_GOLDEN=1, and read the difference.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.config.resolve import Resolution

BROKEN = Path(__file__).parent / "broken"
FILES = sorted(path.name for path in BROKEN.glob("*.yaml"))


def _laid_over(path: Path) -> dict[str, object]:
    first = path.read_bytes().decode("utf-8", "replace").partition("\n")[0]
    kind, _, rest = first.removeprefix("# ").partition(": ")
    words = shlex.split(rest) if kind in ("arguments", "environment") else []
    if kind == "environment":
        return {"environ": dict(word.split("=", 1) for word in words)}
    given: dict[str, object] = {}
    for option, key in (("--set", "overrides"), ("--data", "data")):
        given[key] = [value for name, value in zip(words[::2], words[1::2], strict=True) if name == option]
    return given


def test_there_are_many() -> None:
    assert len(FILES) >= 40


@pytest.mark.parametrize("name", FILES)
def test_broken(name: str, resolving: Callable[..., Resolution], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mistake is reported at its line, before any run (NFR-003)."""
    monkeypatch.chdir(BROKEN)
    resolution = resolving(name, **_laid_over(BROKEN / name))
    assert resolution.mistakes
    assert resolution.exit_code in (2, 3)
    assert (resolution.exit_code == 2) == bool(resolution.problems) == (resolution.plan is None)
    report = "".join(f"{problem}\n" for problem in resolution.mistakes)
    expected = (BROKEN / name).with_suffix(".txt")
    if os.environ.get("ORCHESTRATE_WRITE_GOLDEN"):
        expected.write_text(report, encoding="utf-8")
    assert report == expected.read_text(encoding="utf-8")
