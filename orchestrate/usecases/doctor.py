"""Check whether everything that a run needs is installed, and how to get what is missing."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import orchestrate
from orchestrate import wiring
from orchestrate.library.catalogue import GROUP

Status = Literal["ok", "info", "warning", "error"]
DISTRIBUTION = "orchestrate-portfolio"
OLDEST_PYTHON = (3, 11)
#: distributions whose package is called otherwise
_PACKAGES = {"pyyaml": "yaml", "ta-lib": "talib"}
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)(?:\[[^]]*\])?(?P<bounds>[^;]*)(?:;(?P<marker>.*))?")
_BOUND = re.compile(r"(>=|<=|==|<|>)\s*([0-9][0-9.]*)")


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check; `fix` says what to do. Only errors make a run impossible."""

    name: str
    status: Status
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A distribution that is needed, and which versions of it will do."""

    name: str
    bounds: str
    extra: str = ""

    @property
    def package(self) -> str:
        """What it is imported as."""
        return _PACKAGES.get(self.name.lower(), self.name.replace("-", "_"))


def examine(directory: Path, *, deep: bool = False) -> list[Check]:
    """Return all checks, in the order in which they are shown.

    `deep` imports the engines, which takes a second or two.
    """
    return [*_ourselves(), *_requirements(deep=deep), *_strategies(), *_folders(directory), _cache(), _terminal()]


def _ourselves() -> Iterator[Check]:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Check("python", "ok", f"{running} at {sys.executable}")
    else:
        yield Check("python", "error", f"{running} is too old", "install Python 3.11 or newer")
    yield Check("orchestrate", "ok", f"{orchestrate.__version__} at {Path(orchestrate.__file__).parent}")


def _requirements(*, deep: bool) -> Iterator[Check]:
    engines = wiring.required_distributions()
    packages = {Requirement(name, "").package for name in engines}
    try:
        needed = [requirement for text in requires(DISTRIBUTION) or () if (requirement := read_requirement(text))]
    except PackageNotFoundError:
        fix = "in a checkout: python -m pip install --editable ."
        yield Check(DISTRIBUTION, "warning", "not installed, so what it needs isn't known", fix)
        needed = [Requirement(name, "") for name in engines]
    for requirement in sorted(needed, key=lambda one: (one.package not in packages, one.name.lower())):
        if not requirement.extra:
            yield _installed(requirement, deep=deep and requirement.package in packages)
    for extra in dict.fromkeys(requirement.extra for requirement in needed if requirement.extra):
        parts = [requirement for requirement in needed if requirement.extra == extra]
        missing = [requirement.name for requirement in parts if version_of(requirement.name) is None]
        fix = f"python -m pip install '{DISTRIBUTION}[{extra}]'" if missing else ""
        detail = f"not installed: {', '.join(missing)}" if missing else f"all {len(parts)} packages are here"
        yield Check(f"extra '{extra}'", "info" if missing else "ok", detail, fix)


def read_requirement(text: str) -> Requirement | None:
    """Return `numpy<3,>=1.26; extra == "dev"` as a value; None for what can't be read, or is for another Python."""
    match = _REQUIREMENT.fullmatch(text.strip())
    if match is None:
        return None
    marker = match["marker"] or ""
    pythons = re.findall(r"python_version\s*([<>=]+)\s*['\"]([0-9.]+)['\"]", marker)
    if not satisfies(".".join(map(str, sys.version_info[:2])), ",".join(map("".join, pythons))):
        return None
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
    return Requirement(match["name"], match["bounds"].strip(), extra[1] if extra else "")


def version_of(distribution: str) -> str | None:
    """Return the installed version, None when there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def satisfies(installed: str, bounds: str) -> bool:
    """Return whether a version keeps bounds such as `<3,>=1.26`; only numbers count, a pre-release is its release."""
    compared = {
        ">=": lambda one, other: one >= other,
        "<=": lambda one, other: one <= other,
        "==": lambda one, other: one == other,
        ">": lambda one, other: one > other,
        "<": lambda one, other: one < other,
    }
    release = _release(installed)
    return all(compared[operator](release, _release(bound)) for operator, bound in _BOUND.findall(bounds))


def _release(text: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", text)
    numbers = [int(part) for part in match[0].split(".")] if match else [0]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _installed(requirement: Requirement, *, deep: bool) -> Check:
    name, present = requirement.name, version_of(requirement.name)
    fix = f"python -m pip install '{name}{requirement.bounds}'"
    if present is None or find_spec(requirement.package) is None:
        return Check(name, "error", "not installed", fix)
    if not satisfies(present, requirement.bounds):
        return Check(name, "error", f"{present}, but {requirement.bounds} is needed", fix)
    if not deep:
        return Check(name, "ok", present)
    started = time.perf_counter()
    try:
        importlib.import_module(requirement.package)
    except Exception as error:
        return Check(name, "error", f"{present} can't be imported: {type(error).__name__}: {error}", fix)
    return Check(name, "ok", f"{present}, imported in {time.perf_counter() - started:.2f} s")


def _strategies() -> Iterator[Check]:
    installed, broken = wiring.installed()
    detail = f"{len(wiring.shipped())} shipped" + (f", {len(installed)} of other packages" if installed else "")
    yield Check("strategies", "ok", detail)
    for name, message in broken.items():
        fix = f"repair or remove the package with this entry point of {GROUP}"
        yield Check(f"strategy {name}", "warning", message, fix)


def _folders(directory: Path) -> Iterator[Check]:
    for name, holds in (("reports", "runs"), ("logs", "the journal")):
        folder = directory / name
        standing = _standing(folder)
        if not standing.is_dir():
            yield Check(f"{name}/", "error", f"{standing} is a file", f"{holds} go there: move the file away")
        elif not os.access(standing, os.W_OK | os.X_OK):
            yield Check(f"{name}/", "error", f"{standing} can't be written to", "work in a folder that you own")
        else:
            free = shutil.disk_usage(standing).free / 1e9
            yield Check(f"{name}/", "ok", f"{'writable' if folder.exists() else 'can be made'}, {free:.1f} GB free")


def _standing(folder: Path) -> Path:
    """Return the folder, or what of the way to it is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _cache() -> Check:
    """Return where parsed columns are kept; a run does without them."""
    cache = wiring.column_cache(os.environ, wanted=True)
    standing = _standing(cache.folder) if cache else None
    if cache is None or standing is None:
        return Check("cache", "info", "no folder for parsed columns", "set ORCHESTRATE_CACHE to a folder")
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        fix = "set ORCHESTRATE_CACHE to a folder that you own"
        return Check("cache", "info", f"{standing} can't be written to: text is parsed anew each time", fix)
    sizes = [size for _, size, _ in cache.entries()]
    held = f"parsed files: {len(sizes)}, {sum(sizes) / 1e6:,.1f} of at most {cache.limit / 1e6:,.0f} MB"
    return Check("cache", "ok", f"{held}, in {cache.folder} (may be deleted at any time)")


def _terminal() -> Check:
    columns = shutil.get_terminal_size().columns
    colour = "without colour (NO_COLOR)" if os.environ.get("NO_COLOR") else "with colour"
    encoding = getattr(sys.stdout, "encoding", None) or "unknown encoding"
    if not sys.stdout.isatty():
        return Check("terminal", "info", f"stdout is no terminal: plain text, no progress bar; {encoding}")
    return Check("terminal", "ok", f"{columns} columns, {colour}, {encoding}")
