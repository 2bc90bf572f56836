"""A copy of the project in which every example of the page is patched in, with a command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class PatchedCopy:
    """The copy; `refused` has, by the name of a patch, why it didn't apply."""

    folder: Path
    refused: dict[str, str]
    process: subprocess.Popen[str]

    def run(self, folder: Path, words: tuple[str, ...]) -> tuple[int, str, str]:
        """Run `orchestrate` with `words` in `folder`; return its exit code and what it printed."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(folder), words]) + "\n")
        self.process.stdin.flush()
        code, out, err = json.loads(self.process.stdout.readline())
        return int(code or 0), out, err


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PatchedCopy]:
    """Copy the package and its strategies, apply all patches, start a command line there."""
    copy = tmp_path_factory.mktemp("patched")
    for part in ("orchestrate", "strategies"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    refused = {}
    for patch in sorted((HERE / "patches").glob("*.patch")):
        applied = _apply(patch, copy)
        if applied.returncode:
            refused[patch.stem] = applied.stderr
    environment = os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "90", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(HERE / "command_line.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, cwd=copy, stdin=pipe, stdout=pipe, text=True) as process:
        yield PatchedCopy(copy, refused, process)


def _apply(patch: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Apply a patch with git, as a reader would, in a folder that is no repository."""
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = ["git", "apply", str(patch)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
