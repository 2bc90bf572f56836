"""Users' functions, named as `path/to/file.py:function`: found by `ast`, loaded when a run begins."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from orchestrate.domain.errors import ConfigurationError, Problem
from orchestrate.domain.text.spelling import did_you_mean
from orchestrate.library.catalogue import import_folders
from orchestrate.library.private_import import forget, load_file
from orchestrate.library.source import Reader, UnreadableSourceError, is_file, top_level


def function_file(reference: str, beside: Path) -> Path | None:
    """The file of a function: looked up in the folder `beside` first, then in the working directory."""
    place = reference.rpartition(":")[0]
    return next((path.resolve() for folder in (beside, Path.cwd()) if is_file(path := folder / place)), None)


def check_function(reference: str, beside: Path) -> None:
    """Read the file, without running it; ConfigurationError where there is no such function."""
    place, _, name = reference.rpartition(":")
    path = function_file(reference, beside)
    if path is None:
        raise _wrong(
            f"there is no file {place}", "it is looked up beside the configuration, then in the working directory"
        )
    try:
        module = Reader(()).module(path, (path.parent,))
    except UnreadableSourceError as error:
        raise _wrong(str(error)) from None
    functions = [node.name for node in top_level(module.tree.body) if isinstance(node, ast.FunctionDef)]
    if name not in (*functions, *module.constants, *module.imports, *module.classes):
        hint = did_you_mean(name, functions) or (f"it has {', '.join(functions)}" if functions else "")
        raise _wrong(f"{path.name} has no function {name}", hint or "it has no function at all")


def load_function(reference: str, beside: Path, shared: Collection[str] = ()) -> Callable[..., Any]:
    """The function, from its file executed anew; what the file raises reaches the caller.

    `shared` are packages that a folder of the user's never stands in for. Its modules stay until `forget_function`.
    ConfigurationError where there is no such function once the file is loaded.
    """
    place, _, name = reference.rpartition(":")
    path = function_file(reference, beside)
    if path is None:
        raise _wrong(
            f"there is no file {place}", "it is looked up beside the configuration, then in the working directory"
        )
    module = load_file(path, *import_folders(path, place), shared=shared)
    function = getattr(module, name, None)
    if not callable(function):
        forget(module.__name__)
        raise _wrong(f"{path.name} has no function {name} once loaded")
    loaded: Callable[..., Any] = function
    return loaded


def forget_function(function: Callable[..., Any]) -> None:
    """Let go of the modules that were loaded for a function."""
    forget(str(getattr(function, "__module__", "")))


def _wrong(message: str, hint: str = "") -> ConfigurationError:
    return ConfigurationError([Problem("", 0, 0, message, hint)])
