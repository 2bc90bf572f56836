"""Which strategy files a run was made of, under names that mean the same on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrate.library.catalogue import shipped_folder

#: What precedes the name of a file that comes with `orchestrate`.
SHIPPED: Final = "shipped:"


def named_sources(files: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return what is known of files under paths relative to `root`; those outside keep their own."""
    return dict(sorted((_name(Path(path).resolve(), root.resolve()), known) for path, known in files.items()))


def _name(path: Path, root: Path) -> str:
    shipped = shipped_folder().resolve()
    if path.is_relative_to(shipped):
        return SHIPPED + path.relative_to(shipped).as_posix()
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
