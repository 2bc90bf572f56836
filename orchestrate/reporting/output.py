"""What people and CI read: every text, table and workflow command passes here, and is made safe here.

JSON escapes by itself: it is pure ASCII, so that no terminal and no encoding changes it.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from orchestrate.domain.errors import ConfigurationError, OutputError
from orchestrate.domain.text.printable import lines, one_line, without_commands

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


#: Text that goes to no terminal has lines as long as they are.
ENDLESS: Final = 10_000


def say(text: object = "") -> None:
    """Print a result, of one line or several."""
    print(without_commands(lines(str(text))))


def say_table(text: str) -> None:
    """Print rows for other programs, which end as they should; no row is a workflow command."""
    print(without_commands(lines(text)), end="")


def complain(text: object) -> None:
    """Print a message on stderr, after the results so far."""
    sys.stdout.flush()
    print(without_commands(lines(str(text))), file=sys.stderr)


def say_json(document: Any) -> None:
    """Print one JSON document."""
    print(json_text(document))


def json_text(document: Any) -> str:
    """Return a JSON document as `say_json` prints it."""
    return _harmless(json.dumps(document, indent=2, allow_nan=False))


def say_or_write(text: str, file: Path | None) -> None:
    """Print a result, or write it to a file and name that on stderr."""
    if file is None:
        say(text)
        return
    write_text(file, without_commands(lines(text)) + "\n")


def write_text(file: Path, text: str) -> None:
    """Write a file that the command line names; ConfigurationError where it can't be, OutputError on a full disk."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
        kind = OutputError if full else ConfigurationError
        raise kind(f"{one_line(file)} can't be written: {error.strerror}") from None
    complain(f"written: {one_line(file)}")


def say_json_lists(document: dict[str, Any]) -> None:
    """Print one JSON document whose lists may be very long: each of their elements is a line."""
    texts = []
    for name, value in document.items():
        if isinstance(value, list) and value:
            elements = (f"    {json.dumps(element, allow_nan=False)}" for element in value)
            text = "[\n" + ",\n".join(elements) + "\n  ]"
        else:
            text = json.dumps(value, allow_nan=False)
        texts.append(f"  {json.dumps(name)}: {text}")
    print(_harmless("{\n" + ",\n".join(texts) + "\n}"))


def _harmless(text: str) -> str:
    """Return the same JSON, in which no text is a workflow command."""
    return text.replace("##[", r"#\u0023[")


def say_workflow_command(name: str, message: str, properties: Iterable[tuple[str, object]] = ()) -> None:
    """Print a command to GitHub, such as an error at its line."""
    at = ",".join(f"{key}={_property(value)}" for key, value in properties)
    print(f"::{name}{' ' + at if at else ''}::{_data(message)}")


def show(
    *renderables: RenderableType,
    file: IO[str] | None = None,
    width: int | None = None,
    unwrapped: Iterable[RenderableType] = (),
) -> None:
    """Print tables and styled texts, in colour if `file` (default: stdout) is a terminal that supports it.

    Where it is none and no `width` is given, lines are as long as they are. `unwrapped` ones follow, each on a line
    of its own however long it is.
    """
    console = _console(file, width if width is not None or is_terminal(file) else ENDLESS)
    with console.capture() as captured:
        for renderable in renderables:
            console.print(renderable)
        for renderable in unwrapped:
            console.print(renderable, soft_wrap=True)
    text = "\n".join(line.rstrip(" ") for line in captured.get().split("\n"))
    print(without_commands(text), end="", file=file)


def terminal_width() -> int | None:
    """Return how many columns stdout has where it is a terminal; None in a pipe or a file, whose lines may be long."""
    if not sys.stdout.isatty():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


def wrapped(text: str, width: int | None, indent: str = "  ") -> list[str]:
    """Return `text` as lines of at most `width` that go on at `indent`; as one line without a width."""
    if width is None or len(text) <= width:
        return [text]
    from textwrap import wrap

    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


def is_terminal(file: IO[str] | None) -> bool:
    """Return whether `show` prints to a terminal."""
    return _console(file, None).is_terminal


def width_of(file: IO[str] | None, width: int | None) -> int:
    """Return how many columns `show` has."""
    return _console(file, width).width


def _console(file: IO[str] | None, width: int | None) -> Console:
    from rich.console import Console
    from rich.segment import Segment

    class SafeConsole(Console):
        """A console whose texts are printable, whatever a table was made of."""

        def render(self, *arguments: Any, **more: Any) -> Iterable[Segment]:
            for segment in super().render(*arguments, **more):
                yield segment if segment.control else segment._replace(text=lines(segment.text))

    system: Any = None if os.environ.get("NO_COLOR") else "auto"
    return SafeConsole(file=file, width=width, color_system=system, highlight=False, emoji=False, markup=False)


def _data(message: str) -> str:
    return one_line(message).replace("%", "%25")


def _property(value: object) -> str:
    return _data(str(value)).replace(":", "%3A").replace(",", "%2C")
