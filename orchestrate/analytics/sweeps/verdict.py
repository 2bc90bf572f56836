"""What the figures of a sweep say about its pick, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrate.analytics.sweeps.statistics import SweepFigures

#: The deflated Sharpe ratio and the probability of overfitting from which a pick holds up, as gates usually have them.
CREDIBLE: Final = 0.95
OVERFITTED: Final = 0.2
#: A neighbourhood that keeps less of the pick's lead makes it a lone peak.
STABLE: Final = 0.5
#: Beyond this, luck is the better explanation, unless splits of the days say otherwise.
_EVEN: Final = 0.5


class Standing(StrEnum):
    """How a pick stands; each equals its text."""

    HOLDS = "holds up"
    DOUBTFUL = "is doubtful"
    LUCK = "looks like luck"
    UNKNOWN = "can't be judged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the pick stands, and the sentence that says why."""

    standing: Standing
    sentence: str


def verdict(figures: SweepFigures, trials: int, out_of_sample: float | None = None, strategy: str = "") -> Verdict:
    """Return what the figures say about the pick of so many trials, of one `strategy` or of the portfolio.

    `out_of_sample` is a Sharpe ratio.
    """
    pick = f"pick of {strategy}" if strategy else "pick"
    values = figures.values
    deflated, overfitting = values.get("deflated_sharpe"), values.get("pbo")
    if deflated is None and overfitting is None and out_of_sample is None:
        reason = figures.reasons.get("deflated_sharpe", "there are no figures")
        return Verdict(Standing.UNKNOWN, f"The {pick} {Standing.UNKNOWN}: {reason}.")
    good: list[str] = []
    bad: list[str] = []
    for fits, text in _statements(figures, trials, out_of_sample):
        (good if fits else bad).append(text)
    standing = _standing(deflated, overfitting, out_of_sample, bad)
    unknown = [name for name, figure in (("deflated", deflated), ("overfitting", overfitting)) if figure is None]
    prefix = f"As far as it can be tested, the {pick}" if unknown and not bad else f"The {pick}"
    return Verdict(standing, f"{prefix} {standing}: {_listed(bad or good)}.")


def _standing(deflated: float | None, overfitting: float | None, outside: float | None, bad: list[str]) -> Standing:
    if not bad:
        return Standing.HOLDS
    alone = overfitting is None or overfitting > OVERFITTED
    luck = (
        (deflated is not None and deflated < _EVEN and alone)
        or (overfitting is not None and overfitting > _EVEN)
        or (outside is not None and outside <= 0.0)
    )
    return Standing.LUCK if luck else Standing.DOUBTFUL


def _statements(figures: SweepFigures, trials: int, outside: float | None) -> list[tuple[bool, str]]:
    """Return what each known figure says, and whether it speaks for the pick."""
    values, said = figures.values, []
    deflated, overfitting, stability = (values.get(name) for name in ("deflated_sharpe", "pbo", "stability"))
    if deflated is not None:
        above = deflated >= CREDIBLE
        best = f"the best of {trials:,} trials" if trials > 1 else "a strategy without skill"
        how = "is above" if above else "is not clearly above"
        said.append((above, f"its Sharpe ratio {how} what {best} reaches by luck (deflated {deflated:.2f})"))
    if overfitting is not None:
        text = "the best trial of one half of the days is no better than the middle one in the other"
        said.append((overfitting <= OVERFITTED, f"{text} in {overfitting:.0%} of splits"))
    if stability is not None:
        text = f"its neighbours keep {stability:.0%} of its lead over the middle trial"
        said.append(
            (stability >= STABLE, text if stability >= 0.0 else "its neighbours are worse than the middle trial")
        )
    if outside is not None:
        verb = "earned" if outside > 0.0 else "did not earn"
        said.append((outside > 0.0, f"it {verb} money out of sample (Sharpe {outside:.2f})"))
    if figures.edges:
        ends = " and ".join(f"the {edge.end} {edge.name}" for edge in figures.edges)
        said.append((False, f"it has {ends} tried, beyond which better values may lie"))
    return said


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
