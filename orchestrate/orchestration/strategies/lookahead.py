"""Check that a vectorised strategy doesn't look ahead: recompute it on histories that end at bars it acted upon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Final, Literal, TypeVar

import numpy as np

from orchestrate.domain.market.bars import PointInTimeBars, full_history
from orchestrate.domain.market.timeline import BarSeries, Floats
from orchestrate.domain.strategies.protocols import VectorStrategy
from orchestrate.orchestration.strategies.cuts import Acted, choose_rows, marked, simulate_acted
from orchestrate.orchestration.strategies.deciders import BITS, SIDES, Codes, codes_of

#: Beside the sides: bars without an action.
OTHER: Final = "other"
#: How often a question is repeated before a strategy counts as repeatable.
_REPETITIONS: Final = 3
#: By how much prices are changed to distinguish rounding from looking ahead.
_JITTER: Final = 1e-6

#: How many, by side and `OTHER`.
Counts = Mapping[str, int]
#: A row and the side whose flag differs there.
Difference = tuple[int, str]
Verdict = Literal["looks ahead", "not repeatable", "keeps state", "rounding"]
Thing = TypeVar("Thing")


class CheckStopped(BaseException):
    """The run is being stopped. No `Exception`: those count as a history on which a strategy can't be computed."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What differs, first at `row`."""

    verdict: Verdict
    row: int
    side: str

    @property
    def grave(self) -> bool:
        """True where the results of a run can't be trusted."""
        return self.verdict in ("looks ahead", "not repeatable")


@dataclass(frozen=True, slots=True)
class LookAheadReport:
    """Result of a check on one symbol.

    `acted` counts the flags that were acted upon, by side; `checked` those behind which every check cuts, and other
    bars, `covered` those behind which this one did. `complete`: no flag is left. `unchecked` are the lengths at which
    the strategy could not be computed.
    """

    symbol: str
    observations: tuple[Observation, ...]
    checked: Counts
    covered: Counts
    acted: Counts
    complete: bool
    unchecked: tuple[int, ...] = ()

    @property
    def honest(self) -> bool:
        """True when nothing grave was observed."""
        return not any(observation.grave for observation in self.observations)


# ---- the histories


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is checked: `codes`, the answers of a run by symbol, and the flags of them that were `acted` upon.

    The run called it in the order of `series`. `strategy` gave the answers, `twin` is the same strategy
    made anew. Questions go to copies of the twin that have seen nothing: a strategy that keeps what it learnt at its
    first call, such as a mean, is caught too.
    """

    strategy: VectorStrategy
    twin: VectorStrategy
    series: Mapping[str, BarSeries]
    codes: Mapping[str, Codes]
    acted: Mapping[str, Acted]
    exact: bool = True
    #: what was shown of cut histories; it grows with them, so that little is copied
    past: dict[str, PointInTimeBars] = field(default_factory=dict)

    def difference(self, symbol: str, size: int) -> Difference | None:
        """Return where the first `size` bars alone lead to another action than in the run."""
        if symbol != next(iter(self.series)):  # what it keeps of earlier symbols seldom matters: leave them out first
            with suppress(Exception):
                if self._other_action(symbol, self._answer(copied(self.twin), symbol, size)) is None:
                    return None
        return self._other_action(symbol, self._replay(copied(self.twin), symbol, size))

    def flag_difference(self, symbol: str, size: int) -> Difference | None:
        """Return where the first `size` bars alone give another flag than in the run, acted upon or not."""
        answer = self._replay(copied(self.twin), symbol, size)
        return _first_difference(self.codes[symbol][:size], answer)

    def second_answer(self, symbol: str) -> Difference | None:
        """Return where the instance that ran answers differently when called again."""
        return _first_difference(self.codes[symbol], self._answer(self.strategy, symbol, len(self.series[symbol])))

    def repeated(self, symbol: str, size: int) -> Difference | None:
        """Return where the same question about `size` bars gets several answers, from new instances or from one."""
        whole = size == len(self.series[symbol])
        expected = self.codes[symbol] if whole else self._replay(copied(self.twin), symbol, size)
        for _ in range(_REPETITIONS):
            one = copied(self.twin)
            for ask in (self._replay, self._answer):
                with suppress(Exception):
                    difference = _first_difference(expected, ask(one, symbol, size))
                    if difference is not None:
                        return difference
        return None

    def renewed(self, symbol: str) -> Difference | None:
        """Return where a new instance answers differently from the one that ran."""
        return _first_difference(self.codes[symbol], self._replay(copied(self.twin), symbol, len(self.series[symbol])))

    def jittered(self, draw: int) -> Subject:
        """Return the same questions about prices that differ by a millionth, so that no figures are equal by chance."""
        series = {symbol: _jittered(one, (draw, place)) for place, (symbol, one) in enumerate(self.series.items())}
        one = copied(self.twin)
        codes = {symbol: codes_of(one, full_history(bars), symbol) for symbol, bars in series.items()}
        acted = {symbol: simulate_acted(answer) for symbol, answer in codes.items()}
        return replace(self, series=series, codes=codes, acted=acted, exact=False, past={})

    def _replay(self, one: VectorStrategy, symbol: str, size: int) -> Codes:
        """Return the answer after those on earlier symbols, their histories cut at the same moment."""
        known = self.series[symbol].available_at[size - 1]
        for other, series in self.series.items():
            if other == symbol:
                break
            shown = int(np.searchsorted(series.available_at, known, side="right"))
            if shown:
                self._answer(one, other, len(series) if size == len(self.series[symbol]) else shown)
        return self._answer(one, symbol, size)

    def _other_action(self, symbol: str, answer: Codes) -> Difference | None:
        """Return the first action that differs; a flag that nothing would follow from may differ, as in a warm-up."""
        expected = self.codes[symbol][: len(answer)]
        if np.array_equal(expected, answer):
            return None
        before, after, acted = simulate_acted(expected), simulate_acted(answer), self.acted[symbol]
        differences = []
        for bit, side in zip(BITS, SIDES, strict=True):
            rows = acted[side][acted[side] < len(answer)]
            lost = rows[(answer[rows] & bit) == 0]
            changed = np.setxor1d(before[side], after[side])
            differences += [(int(some[0]), side) for some in (lost, changed) if len(some)]
        return min(differences, default=None)

    def _answer(self, one: VectorStrategy, symbol: str, size: int) -> Codes:
        series = self.series[symbol]
        if size == len(series):
            return codes_of(one, full_history(series), symbol)
        if symbol not in self.past:
            self.past[symbol] = PointInTimeBars(series)
        return codes_of(one, self.past[symbol].until(size), symbol)


def copied(thing: Thing) -> Thing:
    """Return a copy that has seen what `thing` has; what can't be copied is taken as it is."""
    try:
        return deepcopy(thing)
    except Exception:
        return thing


def _jittered(series: BarSeries, seed: tuple[int, int]) -> BarSeries:
    generator = np.random.Generator(np.random.PCG64(seed))

    def moved(column: Floats, lowest: float, highest: float) -> Floats:
        return column + np.abs(column) * _JITTER * generator.uniform(lowest, highest, len(column))

    return replace(
        series,
        open=moved(series.open, -1, 1),
        high=moved(series.high, 1, 2),
        low=moved(series.low, -2, -1),
        close=moved(series.close, -1, 1),
        volume=moved(series.volume, -1, 1),
    )


def _first_difference(expected: Codes, answer: Codes) -> Difference | None:
    differs = expected ^ answer
    row = int(np.argmax(differs != 0)) if len(differs) else 0
    if not len(differs) or not differs[row]:
        return None
    return row, next(side for bit, side in zip(BITS, SIDES, strict=True) if differs[row] & bit)


# ---- the check


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """What a series of cuts showed: the rows behind which history was cut, those it failed at, and how to go on."""

    subject: Subject
    done: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    seen: tuple[Observation, ...] = ()

    @property
    def over(self) -> bool:
        return any(observation.grave for observation in self.seen)


def check_lookahead(subject: Subject, symbol: str, more: Callable[[], bool] | None = None) -> LookAheadReport:
    """Cut the history of `symbol` behind the rows that `choose_rows` names, until something grave is observed.

    `more` says whether there is time for another row beyond those that every check takes; None: check all of them.
    What depends on time shows in `covered` only, and in an accusation.
    """
    acted, size = subject.acted[symbol], len(subject.series[symbol])
    always, further = choose_rows(subject.series[symbol], acted)
    subject = replace(subject, past={})
    if more is None:
        always, further = sorted([*always, *further]), []
    first = _Walk(subject, seen=tuple(_second_answers(subject, symbol)))
    first = first if first.over else _walk(first, symbol, always)
    last = first if first.over or more is None else _walk(first, symbol, takewhile(lambda _row: more(), further))
    accusation = tuple(observation for observation in last.seen if observation.grave)
    there = {side: int((rows < size - 1).sum()) for side, rows in acted.items()}
    return LookAheadReport(
        symbol=symbol,
        observations=accusation or first.seen,
        checked=_counts(first.done, acted, size),
        covered=_counts(last.done, acted, size),
        acted=there,
        complete=_counts(always, acted, size).items() >= there.items(),
        unchecked=tuple(row + 1 for row in first.failed),
    )


def _walk(walk: _Walk, symbol: str, rows: Iterable[int]) -> _Walk:
    """Cut behind each of `rows`, until something grave is observed."""
    subject, done, failed, seen = walk.subject, [*walk.done], [*walk.failed], [*walk.seen]
    for row in rows:
        try:
            observation, subject = _judge(subject, symbol, row + 1)
        except Exception:
            failed.append(row)
            continue
        done.append(row)
        if observation is not None:
            seen.append(observation)
            if observation.grave:
                break
    return _Walk(subject, tuple(done), tuple(failed), tuple(seen))


def _second_answers(subject: Subject, symbol: str) -> Iterator[Observation]:
    """Report a strategy that answers differently when called twice; grave if a new instance does, too."""
    with suppress(Exception):  # one that can be called once only is still called through its twin
        second = subject.second_answer(symbol)
        if second is not None:
            first = subject.renewed(symbol)
            yield Observation("keeps state", *second) if first is None else Observation("not repeatable", *first)


def _judge(subject: Subject, symbol: str, size: int) -> tuple[Observation | None, Subject]:
    """Return what a history of `size` bars shows, and the subject to go on with."""
    difference = subject.difference(symbol, size)
    if difference is None:
        return None, subject
    for length in (len(subject.series[symbol]), size):
        repeated = subject.repeated(symbol, length)
        if repeated is not None:
            return Observation("not repeatable", *repeated), subject
    if subject.exact:
        with suppress(Exception):
            jittered = [subject.jittered(draw) for draw in range(_REPETITIONS)]
            if not any(one.flag_difference(symbol, size) for one in jittered):
                return Observation("rounding", *difference), jittered[0]
    return Observation("looks ahead", *difference), subject


def _counts(done: Iterable[int], acted: Acted, size: int) -> dict[str, int]:
    cut = np.array([*done], dtype=np.int64)
    counts = {side: len(np.intersect1d(rows, cut)) for side, rows in acted.items()}
    return counts | {OTHER: int((~marked(acted.values(), size)[cut]).sum())}
