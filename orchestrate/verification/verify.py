"""All checks of a stored run, in the order in which one follows from the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrate.verification import tables
from orchestrate.verification.curves import Curve
from orchestrate.verification.decisions import check_decisions
from orchestrate.verification.exposure import check_exposure
from orchestrate.verification.facts import Difference, Run
from orchestrate.verification.figures.attribution import check_attribution
from orchestrate.verification.figures.correlation import check_correlation
from orchestrate.verification.figures.lines import Lines
from orchestrate.verification.figures.metrics import check_metrics
from orchestrate.verification.figures.peaks import check_peaks
from orchestrate.verification.figures.periods import check_periods
from orchestrate.verification.figures.summary import check_summary
from orchestrate.verification.fills import check_fills
from orchestrate.verification.ledger import ledgers_of
from orchestrate.verification.outcomes.conflicts import check_conflicts
from orchestrate.verification.outcomes.demands import check_demands
from orchestrate.verification.outcomes.findings import check_findings
from orchestrate.verification.outcomes.gates import check_gates

Curves = Mapping[str, Curve]
#: What is compared with the data, before anything is computed from it.
FACTS: Final[Mapping[str, Callable[[Run], Iterator[Difference]]]] = {
    "fills": check_fills,
    "decisions": check_decisions,
    "places of flows": tables.check_places,
}
#: What is computed again.
CHECKS: Final[Mapping[str, Callable[[Run, Curves], Iterator[Difference]]]] = {
    "flows": tables.check_flows,
    "charges": tables.check_charges,
    "trades": tables.check_trades,
    "positions": tables.check_positions,
    "equity": tables.check_equity,
    "exposure": check_exposure,
}
#: What is computed from equity that is right.
FIGURES: Final[Mapping[str, Callable[[Lines], Iterator[Difference]]]] = {
    "metrics": check_metrics,
    "periods": check_periods,
    "correlation": check_correlation,
    "attribution": check_attribution,
    "peaks": check_peaks,
    "summary": check_summary,
}
#: What follows from tables and figures that are right.
OUTCOMES: Final[Mapping[str, Callable[[Run], Iterator[Difference]]]] = {
    "demands": check_demands,
    "conflicts": check_conflicts,
    "gates": check_gates,
    "findings": check_findings,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checks that were made, and the first difference; None where there is none."""

    checks: tuple[str, ...]
    difference: Difference | None


def verify(run: Run) -> Verdict:
    """Check all; end at the first difference, since all that follows is wrong as well."""
    done: list[str] = []
    for name, differences in _checks(run):
        done.append(name)
        difference = next(differences, None)
        if difference is not None:
            return Verdict(tuple(done), difference)
    return Verdict(tuple(done), None)


def _checks(run: Run) -> Iterator[tuple[str, Iterator[Difference]]]:
    """Yield the checks by name; what one needs is computed once those before it have found nothing."""
    yield from ((name, check(run)) for name, check in FACTS.items())
    curves = {name: Curve(run, ledger) for name, ledger in ledgers_of(run).items()}
    yield from ((name, follows(run, curves)) for name, follows in CHECKS.items())
    lines = Lines(run, curves)
    yield from ((name, figures(lines)) for name, figures in FIGURES.items())
    yield from ((name, outcomes(run)) for name, outcomes in OUTCOMES.items())
