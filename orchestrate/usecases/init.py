"""A starter project: files of the package, written somewhere else, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrate.domain.errors import ConfigurationError, StoreError
from orchestrate.domain.text.printable import one_line

_STARTER: Final = Path(__file__).parents[1] / "starter"
#: where a file goes → what it is called in the package
FILES: Final[Mapping[str, str]] = {
    "backtest.yaml": "backtest.yaml",
    "my_strategy.py": "my_strategy.py",
    ".gitignore": "gitignore",
    ".github/workflows/backtest.yml": "ci.yml",
}


def write_starter(directory: Path) -> list[Path]:
    """Write the project into `directory`, made if needed, and return its files.

    Nothing is ever overwritten: ConfigurationError with all that stands in the way. StoreError when it can't be
    written, in which case nothing is left behind.
    """
    _refuse_what_is_in_the_way(directory)
    created: list[Path] = []
    try:
        for target, name in FILES.items():
            content = (_STARTER / name).read_bytes()
            _make_folder((directory / target).parent, created)
            with (directory / target).open("xb") as file:  # fails where a file has appeared meanwhile
                created.append(directory / target)
                file.write(content)
    except OSError as error:
        _take_back(created)
        raise StoreError(f"the project can't be written to {directory}: {error.strerror or error}") from None
    except BaseException:
        _take_back(created)
        raise
    return [directory / target for target in FILES]


def _refuse_what_is_in_the_way(directory: Path) -> None:
    inside = [directory / target for target in FILES]
    parents = [parent for path in inside for parent in path.parents if parent.exists() and not parent.is_dir()]
    there = list(dict.fromkeys([*parents, *(path for path in inside if os.path.lexists(path))]))
    if there:
        listed = "".join(f"\n    {one_line(path)}" for path in there)
        raise ConfigurationError(
            f"nothing was written: these files exist already{listed}\n    hint: name another folder"
        )


def _make_folder(folder: Path, created: list[Path]) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent, created)
        folder.mkdir()
        created.append(folder)


def _take_back(created: list[Path]) -> None:
    for path in reversed(created):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
