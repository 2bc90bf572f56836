"""Files, functions and folders stay small, unless they say why they don't."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("orchestrate", "strategies", "tests", "bench")
LONGEST_FILE, LONGEST_FUNCTION, MOST_FILES = 400, 40, 12


def gives_reason(node: ast.AST, beginning: str) -> bool:
    """Return whether a line of a docstring begins so."""
    documented = isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef))
    docstring = (ast.get_docstring(node) or "") if documented else ""
    return any(line.startswith(beginning) for line in docstring.splitlines())


def long_parts(name: str, code: str) -> Iterator[str]:
    """Name what is too long of one file, and gives no reason: the file, functions."""
    tree = ast.parse(code)
    lines = len(code.splitlines())
    if lines > LONGEST_FILE and not gives_reason(tree, f"Longer than {LONGEST_FILE} lines because"):
        yield f"{name}: {lines} lines"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LONGEST_FUNCTION and not gives_reason(node, f"Longer than {LONGEST_FUNCTION} lines because"):
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines"


def crowded(files: list[Path]) -> Iterator[str]:
    """Name the folders that have too many of the files, and give no reason in their `__init__.py`."""
    for folder in sorted({file.parent for file in files}):
        own = [file for file in files if file.parent == folder]
        first = folder / "__init__.py"
        why = ast.parse(first.read_text(encoding="utf-8")) if first.is_file() else ast.Module([], [])
        if len(own) > MOST_FILES and not gives_reason(why, f"More than {MOST_FILES} files because"):
            yield f"{folder}: {len(own)} files"


@pytest.mark.uncounted
@pytest.mark.parametrize("folder", FOLDERS)
def test_files_functions_and_folders_are_small(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    parts = [part for file in files for part in long_parts(str(file), file.read_text(encoding="utf-8"))]
    assert [*parts, *crowded(files)] == []


@pytest.mark.parametrize("reason", ["", "Longer than 40 lines because it is one table."])
def test_a_long_function_is_noticed_unless_it_says_why(reason: str) -> None:
    code = f'def long():\n    """Do it.\n\n    {reason}\n    """\n' + "    pass\n" * 36
    assert list(long_parts("a.py", code)) == ([] if reason else ["a.py:1: long has 41 lines"])
    assert not list(long_parts("a.py", code.replace("    pass\n", "", 1)))


@pytest.mark.parametrize("reason", ["", "Longer than 400 lines because it is one table."])
def test_a_long_file_is_noticed_unless_it_says_why(reason: str) -> None:
    code = f'"""A table.\n\n{reason}\n"""\n' + "a = 1\n" * 397
    assert list(long_parts("a.py", code)) == ([] if reason else ["a.py: 401 lines"])


@pytest.mark.parametrize("reason", ["", "More than 12 files because each is a case."])
def test_a_crowded_folder_is_noticed_unless_it_says_why(tmp_path: Path, reason: str) -> None:
    files = [tmp_path / name for name in ("__init__.py", *(f"part_{number}.py" for number in range(12)))]
    files[0].write_text(f'"""Parts.\n\n{reason}\n"""\n')
    assert list(crowded(files)) == ([] if reason else [f"{tmp_path}: 13 files"])
    assert not list(crowded(files[:-1]))
