"""The strategies of trials: each class is loaded once, and again only where a run may have changed its modules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrate import wiring
from orchestrate.domain.plan import StrategyPlan
from orchestrate.domain.strategies.protocols import PORTABLE_KINDS, StrategyDescription
from orchestrate.usecases.running.instances import Loader
from orchestrate.usecases.sweeping.answers import Answers
from orchestrate.usecases.sweeping.module_state import ModuleState


@dataclass(frozen=True, slots=True)
class _Kept:
    """A class and the state of its modules when they had just been executed."""

    loaded: type
    state: ModuleState


class KeptClasses(Loader):
    """Load each class once; the next trial gets it as it was loaded, or executed anew.

    Each strategy of a plan has its own, by its id and the source of its class.
    """

    def __init__(self) -> None:
        self._descriptions: dict[tuple[str, Path], StrategyDescription] = {}
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._answers = Answers()

    def __reduce__(self) -> tuple[object, ...]:
        """Another process begins with nothing: classes of private modules are those of one process."""
        return KeptClasses, ()

    def describe(self, reference: str, root: Path) -> StrategyDescription:
        """See `Loader`; a file is read once."""
        place = reference, root
        if place not in self._descriptions:
            self._descriptions[place] = super().describe(reference, root)
        return self._descriptions[place]

    def load(self, strategy: StrategyPlan, description: StrategyDescription) -> object:
        """See `Loader`; a vectorised strategy whose answers are remembered is not made again."""
        if strategy.kind not in PORTABLE_KINDS:
            return self._class(strategy, description)
        key = strategy.id, description.source, strategy.symbols, repr(strategy.config)
        vectorised = strategy.kind == "signals"
        known = self._answers.strategy(key) if vectorised else None
        if known is not None:
            return known
        made = wiring.create(self._class(strategy, description), description, strategy.config)
        return self._answers.observed(made, strategy.symbols, key) if vectorised else made

    def renew(self) -> None:
        """See `Loader`."""
        self._answers.clear()

    def _class(self, strategy: StrategyPlan, description: StrategyDescription) -> type:
        place = strategy.id, description.source
        kept = self._kept.get(place)
        if kept is not None and kept.state.is_known and kept.state.is_unchanged:
            return kept.loaded
        if kept is not None:
            wiring.forget(kept.loaded)
        loaded = wiring.load_class(description)
        self._kept[place] = _Kept(loaded, ModuleState([*wiring.modules_of(loaded).values()]))
        return loaded
