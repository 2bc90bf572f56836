"""What is known of strategies that are to run together, and what an analysis says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from orchestrate.domain.results import Finding, Severity

Direction = Literal["", "long", "short", "both"]
_DIRECTIONS: Final = ("", "long", "short", "both")
#: Two strategies, in the order of the file.
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StrategyMetadata:
    """The facts about a strategy that an orchestrator needs; only the id is required.

    Empty `symbols` means every symbol. What is empty or None elsewhere is unknown.
    """

    id: str
    name: str = ""
    symbols: tuple[str, ...] = ()
    priority: int = 0
    depends_on: tuple[str, ...] = ()
    framework: str = ""
    asset_class: str = ""
    direction: Direction = ""
    style: str = ""
    horizon: str = ""
    leverage: float | None = None
    data_needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a strategy needs an id")
        if self.direction not in _DIRECTIONS:
            raise ValueError(f"{self.id}: direction is long, short, both or empty, not {self.direction!r}")


#: What a class may declare of itself in `traits = {"style": "trend", …}`; the names are those of `StrategyMetadata`.
TRAITS: Final = ("asset_class", "direction", "style", "horizon", "leverage", "data_needs")


def valid_traits(declared: Mapping[object, object]) -> dict[str, Any]:
    """Return those of the declared traits that mean something; the others stay unknown."""
    found: dict[str, Any] = {}
    for name in TRAITS:
        value = declared.get(name)
        if name == "data_needs":
            valid = isinstance(value, (list, tuple)) and all(isinstance(need, str) for need in value)
            value = tuple(value) if valid and isinstance(value, (list, tuple)) else None
        elif name == "leverage":
            valid = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
        else:
            valid = isinstance(value, str) and (name != "direction" or value in _DIRECTIONS)
        if valid:
            found[name] = value
    return found


@dataclass(frozen=True, slots=True)
class PairStatistics:
    """How two strategies did together; None where a figure has no value.

    `joint_drawdowns`: of the bars at which either was at least half as deep as its deepest drawdown, the share at which
    both were. `overlap`: of the bars at which either held something, the share at which both did.
    """

    correlation: float | None = None
    joint_drawdowns: float | None = None
    overlap: float | None = None


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule that applies: to whom, by what evidence, what it takes off the score, and what can be done about it."""

    rule: str
    severity: Severity
    where: str
    evidence: str
    penalty: int
    remedy: str
    strategies: tuple[str, ...]

    @property
    def finding(self) -> Finding:
        """The match as a finding."""
        return Finding(self.severity, self.where, self.evidence)


@dataclass(frozen=True, slots=True)
class Synergy:
    """Two strategies that complement one another, and why."""

    strategies: Pair
    evidence: str


@dataclass(frozen=True, slots=True)
class PairReport:
    """Two strategies: what rules take off the score between them, the symbols they share, how they did together."""

    strategies: Pair
    score: int
    shared_symbols: tuple[str, ...]
    statistics: PairStatistics | None = None


@dataclass(frozen=True, slots=True)
class CompatibilityReport:
    """The result of an analysis; `score` runs from 100 (no issues found) to 0.

    `is_compatible` is False when there is an error among the findings. `concentration` is Herfindahl's index of the
    allocations by symbol, asset class and framework: 1 when all is in one; None where it can't be known.
    """

    score: int
    findings: tuple[Finding, ...]
    recommendations: tuple[str, ...]
    is_compatible: bool
    warnings: tuple[str, ...] = field(default=())
    matches: tuple[RuleMatch, ...] = field(default=(), compare=False)
    pairs: tuple[PairReport, ...] = field(default=(), compare=False)
    concentration: Mapping[str, float | None] = field(default_factory=dict, compare=False)
    synergies: tuple[Synergy, ...] = field(default=(), compare=False)
    strategies: tuple[StrategyMetadata, ...] = field(default=(), compare=False)

    def document(self) -> dict[str, object]:
        """Return the report as `compatibility.json` has it."""
        facts = [asdict(strategy) for strategy in self.strategies]
        return {
            "score": self.score,
            "is_compatible": self.is_compatible,
            "matches": [asdict(match) for match in self.matches],
            "pairs": [asdict(pair) for pair in self.pairs],
            "concentration": dict(self.concentration),
            "expected_conflicts": [match.where for match in self.matches if match.rule == SHARED_SYMBOL],
            "synergies": [asdict(synergy) for synergy in self.synergies],
            "recommendations": list(self.recommendations),
            "strategies": {fact.pop("id"): fact for fact in facts},
        }


#: The rule by which conflicts are expected.
SHARED_SYMBOL: Final = "shared_symbol"
