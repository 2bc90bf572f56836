"""A user's function in a file, written `path.py:name`: found without being run, then loaded as strategies are."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import finalize

from orchestrate.domain.errors import ConfigurationError, Problem
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.library.catalogue import import_folders
from orchestrate.library.private_import import forget, load_file
from orchestrate.library.source import Module, Reader, UnreadableSourceError, is_file


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function's `name`, its file, and how messages call that; `line` is 0 where it is only imported there."""

    name: str
    path: Path
    shown: str
    folders: tuple[Path, ...]
    line: int = 0

    def problem(self, message: str, error: BaseException | None = None) -> Problem:
        """Return a problem at the line of the file in which `error` was raised, else at the function's own."""
        passed = traceback.extract_tb(error.__traceback__) if error else []
        lines = [frame.lineno for frame in passed if frame.lineno and Path(frame.filename) == self.path]
        line = lines[-1] if lines else self.line
        source = ""
        with suppress(OSError, ValueError, IndexError):
            source = self.path.read_text(encoding="utf-8").splitlines()[line - 1] if line else ""
        written = source.strip()
        return Problem(self.shown, line, source.find(written) + 1, message, width=len(written), source=source)


def find_function(reference: str, beside: Path) -> UserFunction:
    """Look the file up beside the configuration, then in the working directory; ConfigurationError without it."""
    place, _, name = reference.rpartition(":")
    path = next((folder / place for folder in (beside, Path()) if is_file(folder / place)), None)
    if path is None:
        raise _wrong(f"there is no file {place}", f"looked in {beside.resolve()}")
    real = path.resolve()
    try:
        module = Reader(()).module(real, ())
    except UnreadableSourceError as error:
        raise _wrong(str(error)) from None
    if name not in {*module.functions, *module.imports, *module.constants} and not module.star_imports:
        raise _wrong(f"{path.name} has no function {name}", _functions_hint(name, module))
    line = module.functions[name].lineno if name in module.functions else 0
    return UserFunction(name, real, path.as_posix(), import_folders(real, place), line)


def _functions_hint(name: str, module: Module) -> str:
    there = ", ".join(module.functions)
    return did_you_mean(name, module.functions) or (f"it has {there}" if there else "it has no function at all")


def _wrong(message: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Problem("", 0, 0, message, hint)])


class LoadedFunction:
    """A user's function, ready to be called; when it is gone, so is everything that was loaded for it."""

    def __init__(self, function: Callable[..., object], module: str) -> None:
        self._function = function
        finalize(self, forget, module).atexit = False

    def __call__(self, *arguments: object) -> object:
        """Call the user's function."""
        return self._function(*arguments)


def load_function(found: UserFunction, shared: Collection[str] = ()) -> LoadedFunction:
    """Execute the file and return its function. Errors of the file reach the caller; `shared` as in `load_file`."""
    module = load_file(found.path, *found.folders, shared=shared)
    function = getattr(module, found.name, None)
    if not callable(function):
        forget(module.__name__)
        raise TypeError(f"{found.name} is no function once loaded")
    return LoadedFunction(function, module.__name__)
