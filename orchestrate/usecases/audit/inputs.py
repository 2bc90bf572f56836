"""What a stored run was made of, against what is there now: strategy files, data, versions, our own code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from orchestrate import __version__, wiring
from orchestrate.domain.errors import DataError
from orchestrate.library.catalogue import shipped_folder
from orchestrate.runs.manifest import versions
from orchestrate.runs.reading import StoredRun
from orchestrate.runs.store import digest
from orchestrate.usecases.running.sources import SHIPPED

DifferenceKind = Literal["code", "version", "strategy_file", "data", "result"]
_OURS: Final = "orchestrate"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was: a version, the hash of a file or of data, or a row of a table."""

    kind: DifferenceKind
    name: str
    stored: Any
    now: Any

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"kind": self.kind, "name": self.name, "stored": self.stored, "now": self.now}


def code_and_versions(run: StoredRun) -> Iterator[Difference]:
    """Yield what is installed in another version: ours, then Python, numpy and the engines that took part."""
    stored: Mapping[str, str] = run.manifest.get("versions", {})
    distributions = {name: one for name, one in wiring.distributions().items() if name in stored}
    now = {_OURS: __version__} | versions(distributions)
    for name, version in stored.items():
        if now.get(name) != version:
            yield Difference("code" if name == _OURS else "version", name, version, now.get(name))


def strategy_files(run: StoredRun, root: Path) -> Iterator[Difference]:
    """Yield the strategy files that have changed; DataError for one that is missing."""
    for name, known in run.manifest.get("strategy_files", {}).items():
        path = shipped_folder() / name.removeprefix(SHIPPED) if name.startswith(SHIPPED) else root / name
        try:
            now = digest(path.read_bytes())
        except OSError as error:
            raise DataError(f"the strategy file can't be read: {error.strerror}", where=str(path)) from None
        if now != known:
            yield Difference("code" if name.startswith(SHIPPED) else "strategy_file", name, known, now)


def changed_data(run: StoredRun, hashes: Mapping[str, str]) -> Iterator[Difference]:
    """Yield the symbols whose bars have changed."""
    stored: Mapping[str, str] = run.manifest.get("data_hashes", {})
    for symbol in dict.fromkeys((*stored, *hashes)):
        if stored.get(symbol) != hashes.get(symbol):
            yield Difference("data", symbol, stored.get(symbol), hashes.get(symbol))
