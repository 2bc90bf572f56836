"""What the checks share: the tree, what of it fits its models, and where mistakes go."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrate.config.document.nodes import Place, Scalar, Table, find
from orchestrate.config.schema import Configuration, Strategy
from orchestrate.config.shapes import Shaped
from orchestrate.config.validation import Path as Steps
from orchestrate.config.validation import dotted
from orchestrate.domain.errors import ConfigurationError, Problem
from orchestrate.domain.instruments.instrument import ASSET_CLASSES
from orchestrate.domain.portfolio import AllocationMethod
from orchestrate.domain.results import Finding
from orchestrate.domain.strategies.protocols import StrategyDescription

#: More mistakes than that are only counted.
MOST_PROBLEMS: Final = 250

Catalogue = Callable[[str, Path], StrategyDescription]


@dataclass(frozen=True, slots=True)
class Choices:
    """The names that may be written and what they need, as the registries of the program have them.

    `allocations`: ways to split the capital. `conflicts`: policies that settle conflicts, and what they do. `sizings`:
    methods, and the key under `sizing:` of each one's figure. `formats`: of files with bars,
    `chain_formats` of those with chains of options. `strategy_limits`,
    `portfolio_limits`: the dataclass of each limit's settings. `samplers` of a sweep, and whether each draws from
    ranges; `executors` that spread its trials. `function` finds a user's, written `path.py:name`,
    beside a folder; ConfigurationError where it isn't there.
    """

    allocations: Mapping[str, AllocationMethod]
    conflicts: Mapping[str, str]
    sizings: Mapping[str, str]
    formats: Collection[str]
    chain_formats: Collection[str]
    strategy_limits: Mapping[str, type]
    portfolio_limits: Mapping[str, type]
    samplers: Mapping[str, bool]
    executors: Collection[str]
    function: Callable[[str, Path], object]

    @property
    def names(self) -> dict[str, list[str]]:
        """The names by kind, those included that only the configuration knows."""
        return {
            "asset_classes": list(ASSET_CLASSES),
            "sizings": list(self.sizings),
            "formats": ["auto", *self.formats],
            "chain_formats": list(self.chain_formats),
            "samplers": list(self.samplers),
        }


@dataclass(slots=True)
class Reading:
    """A configuration while it is checked. `root` is the folder of the main file; paths in the plan start there.

    `notes` are findings about the sweep, which concern no run of the file itself.
    """

    shaped: Shaped
    values: Configuration
    root: Path
    catalogue: Catalogue
    settings: Mapping[str, type]
    choices: Choices
    problems: list[Problem] = field(default_factory=list)
    missing: list[Problem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def enough(self) -> bool:
        """So much is wrong that looking for more would only take time."""
        return len(self.problems) >= MOST_PROBLEMS

    def place(self, *path: str | int) -> Place:
        """Return what to point at: a value on its own line, the key of a mapping or list."""
        node, place = find(self.shaped.table, path)
        return node.place if isinstance(node, Scalar) else place

    def key(self, *path: str | int) -> Place:
        """Return the key at `path`, or the nearest there is above it."""
        return find(self.shaped.table, path)[1]

    def wrong(self, path: Steps, message: str, hint: str = "") -> None:
        """Report a mistake in the value at `path`; the message starts with the path."""
        shown = path[:-1] if path and isinstance(path[-1], int) else path
        self.problems.append(self.place(*path).problem(f"{dotted('', shown)}: {message}", hint))

    def has_strangers(self, name: str) -> bool:
        """Return True if the strategy's entry has an unknown key: it may be a missing one, misspelt."""
        node = find(self.shaped.table, ("strategies", name))[0]
        return isinstance(node, Table) and any(key not in Strategy.model_fields for key, _ in node)

    def finding(self, severity: str, where: str, message: str) -> None:
        """Report something to know that is no mistake."""
        self.findings.append(Finding("warning" if severity == "warning" else "info", where, message))

    def function(self, path: Steps, written: str) -> str:
        """Return a user's function, written `path.py:name` at `path`, as seen from the root."""
        file, _, name = written.rpartition(":")
        return f"{self.relative(file, self.place(*path))}:{name}"

    def check_function(self, path: Steps, written: str) -> None:
        """Report a user's function that isn't there."""
        try:
            self.choices.function(self.function(path, written), self.root)
        except ConfigurationError as error:
            for problem in error.problems:
                self.wrong(path, problem.message, problem.hint)

    def relative(self, written: str, place: Place) -> str:
        """Return `written`, which stands at `place`, as a path from the root; absolute ones stay."""
        path = Path(os.path.expanduser(written))  # noqa: PTH111 (Path's own raises for an unknown user)
        if path.is_absolute():
            return path.as_posix()
        folder = place.origin.folder
        if folder == self.root:
            return Path(os.path.normpath(path)).as_posix()
        return Path(os.path.relpath(folder / path, self.root)).as_posix()


def is_function(written: str) -> bool:
    """Return whether the text is a user's function, written `path.py:name`."""
    file, _, name = written.rpartition(":")
    return file.endswith(".py") and name.isidentifier()
