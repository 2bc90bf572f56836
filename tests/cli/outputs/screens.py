"""What a command prints on terminals of two widths and in a pipe, and the files that hold it word for word.

`GOLDEN=write python -m pytest tests/cli/outputs` writes the files in `golden/` anew; look at them.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from tests.cli.conftest import Prompt

GOLDEN: Final = Path(__file__).parent / "golden"
WIDTHS: Final = (80, 160)
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
#: What differs from run to run, from machine to machine, or from version to version.
CHANGING: Final = (
    (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "20260101T000000Z-abcdef"),
    (r", in \d+\.\d\d s\n", ", in 1.00 s\n"),
    (r"\b[0-9a-f]{64}\b", "0" * 64),
    (r"\b20[2-9]\d-\d\d-\d\dT[0-9:]{8}Z", "2026-01-01T00:00:00Z"),
    (r"\"[^\"]*/strategies/(\w+\.py:)", r'"strategies/\1'),
    (r"\"(\w*seconds|version)\": [^,\n]*", r'"\1": 1'),
)
#: Of a list in a JSON document so many elements are kept.
KEPT: Final = 2


class Terminal(io.StringIO):
    """A standard output that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def printed(prompt: Prompt, monkeypatch: Any, width: int | None, *words: str) -> str:
    """The output of a command on a terminal that wide, or in a pipe; colours and what always changes left out."""
    terminal = Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", str(width or 33))
        if width:
            patch.setattr(sys, "stdout", terminal)
        piped = prompt(*words).out
    text = terminal.getvalue() if width else piped
    assert text.strip(), words
    return steady(COLOUR.sub("", text))


def steady(text: str) -> str:
    """The text without what changes, and without blanks at the ends of its lines."""
    for pattern, same in CHANGING:
        text = re.sub(pattern, same, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def on_every_screen(prompt: Prompt, monkeypatch: Any, *words: str) -> str:
    """The output everywhere: a part for each screen, those that are alike once."""
    parts: dict[str, list[str]] = {}
    for width in (*WIDTHS, None):
        text = printed(prompt, monkeypatch, width, *words)
        parts.setdefault(text, []).append(f"{width} columns" if width else "a pipe")
    command = " ".join(words)
    heads = {text: steady(f"---- {', '.join(screens)}: orchestrate {command}") for text, screens in parts.items()}
    return "\n".join(head + text for text, head in heads.items())


def sketch(document: Any) -> Any:
    """A JSON document with the first elements of its lists, and floats to six digits."""
    if isinstance(document, float):
        return shorter(document)
    if isinstance(document, dict):
        return {name: sketch(value) for name, value in document.items()}
    if isinstance(document, list):
        more = [f"and {len(document) - KEPT} more"] if len(document) > KEPT else []
        return [sketch(one) for one in document[:KEPT]] + more
    return document


def sketched(document: Any) -> str:
    """The sketch as text; an object or a list without others in it is one line."""
    text = json.dumps(sketch(document), indent=1, ensure_ascii=False)
    flat = re.compile(r"([\[{])\n\s+([^\[\]{}]*?)\n\s*([\]}])")
    return steady(flat.sub(lambda match: match[1] + re.sub(r"\n\s+", " ", match[2]) + match[3], text))


def shorter(figure: float) -> float:
    """A float to six digits; nothing where it is but a difference of roundings."""
    return float(f"{figure:.6g}") if abs(figure) > 1e-12 else 0.0


def with_shorter_figures(text: str) -> str:
    """The text with each long float to six digits."""
    return re.sub(r"-?\d+\.\d{5,}(e-\d+)?", lambda match: str(shorter(float(match[0]))), text)


def hold(name: str, text: str) -> None:
    """Require the text that the golden file has; write that file anew where this is wished."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
