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
from orchestrate.orchestration.orders.entries import FIGURES, EntryColumns
from orchestrate.orchestration.strategies.cuts import Acted, Rows, choose_rows, marked, simulate_acted
from orchestrate.orchestration.strategies.deciders import BITS, SIDES, Answer, Codes, answer_of

#: Beside the sides: bars without an action.
OTHER: Final = "other"
#: How often a question is repeated before a strategy counts as repeatable.
_REPETITIONS: Final = 3
#: By how much prices are changed to distinguish rounding from looking ahead; sizes and exits as near are equal.
_JITTER: Final = 1e-6
_ENTRIES: Final = ("enter_long", "enter_short")
_ENTRY_BITS: Final = sum(bit for bit, side in zip(BITS, SIDES, strict=True) if side in _ENTRIES)

#: How many, by side and `OTHER`.
Counts = Mapping[str, int]
#: A row and what differs there: the flag of a side, or a figure of an entry.
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
    """What is checked: `codes`, the flags of a run by symbol, those of them that were `acted` upon, `entries`' figures.

    The run called it in the order of `series`. `strategy` gave the answers, `twin` is the same strategy
    made anew. Questions go to copies of the twin that have seen nothing: a strategy that keeps what it learnt at its
    first call, such as a mean, is caught too.
    """

    strategy: VectorStrategy
    twin: VectorStrategy
    series: Mapping[str, BarSeries]
    codes: Mapping[str, Codes]
    acted: Mapping[str, Acted]
    entries: Mapping[str, EntryColumns] = field(default_factory=dict)
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
        return _first_difference(self._said(symbol), answer)

    def second_answer(self, symbol: str) -> Difference | None:
        """Return where the instance that ran answers differently when called again."""
        return _first_difference(self._said(symbol), self._answer(self.strategy, symbol, len(self.series[symbol])))

    def repeated(self, symbol: str, size: int) -> Difference | None:
        """Return where the same question about `size` bars gets several answers, from new instances or from one."""
        whole = size == len(self.series[symbol])
        expected = self._said(symbol) if whole else self._replay(copied(self.twin), symbol, size)
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
        return _first_difference(self._said(symbol), self._replay(copied(self.twin), symbol, len(self.series[symbol])))

    def jittered(self, draw: int) -> Subject:
        """Return the same questions about prices that differ by a millionth, so that no figures are equal by chance."""
        series = {symbol: _jittered(one, (draw, place)) for place, (symbol, one) in enumerate(self.series.items())}
        one = copied(self.twin)
        answers = {symbol: answer_of(one, full_history(bars), symbol) for symbol, bars in series.items()}
        codes = {symbol: answer.codes for symbol, answer in answers.items()}
        entries = {symbol: answer.entries for symbol, answer in answers.items() if answer.entries is not None}
        acted = {symbol: simulate_acted(answer) for symbol, answer in codes.items()}
        return replace(self, series=series, codes=codes, acted=acted, entries=entries, exact=False, past={})

    def _said(self, symbol: str) -> Answer:
        return Answer(self.codes[symbol], self.entries.get(symbol))

    def _replay(self, one: VectorStrategy, symbol: str, size: int) -> Answer:
        """Return the answer after those on earlier symbols, their histories cut at the same moment."""
        known = self.series[symbol].available_at[size - 1]
        for other, series in self.series.items():
            if other == symbol:
                break
            shown = int(np.searchsorted(series.available_at, known, side="right"))
            if shown:
                self._answer(one, other, len(series) if size == len(self.series[symbol]) else shown)
        return self._answer(one, symbol, size)

    def _other_action(self, symbol: str, answer: Answer) -> Difference | None:
        """Return the first action that differs; a flag that nothing would follow from may differ, as in a warm-up."""
        acted, codes = self.acted[symbol], answer.codes
        rows = np.concatenate([acted[side][acted[side] < len(codes)] for side in _ENTRIES])
        differences = [_other_figure(self.entries.get(symbol), answer.entries, np.sort(rows))]
        expected = self.codes[symbol][: len(codes)]
        if not np.array_equal(expected, codes):
            differences += self._other_flags(symbol, expected, codes)
        return min(filter(None, differences), default=None)

    def _other_flags(self, symbol: str, expected: Codes, codes: Codes) -> Iterator[Difference]:
        before, after, acted = simulate_acted(expected), simulate_acted(codes), self.acted[symbol]
        for bit, side in zip(BITS, SIDES, strict=True):
            rows = acted[side][acted[side] < len(codes)]
            lost = rows[(codes[rows] & bit) == 0]
            changed = np.setxor1d(before[side], after[side])
            yield from ((int(some[0]), side) for some in (lost, changed) if len(some))

    def _answer(self, one: VectorStrategy, symbol: str, size: int) -> Answer:
        series = self.series[symbol]
        if size == len(series):
            return answer_of(one, full_history(series), symbol)
        if symbol not in self.past:
            self.past[symbol] = PointInTimeBars(series)
        return answer_of(one, self.past[symbol].until(size), symbol)


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


def _first_difference(expected: Answer, answer: Answer) -> Difference | None:
    """Return the first flag, or figure of an entry that both have, in which the shorter `answer` differs."""
    codes = expected.codes[: len(answer.codes)]
    differs = codes ^ answer.codes
    flags = ((row, _side_of(differs[row])) for row in np.flatnonzero(differs)[:1].tolist())
    entries = np.flatnonzero(codes & answer.codes & np.uint8(_ENTRY_BITS))
    return min(filter(None, (*flags, _other_figure(expected.entries, answer.entries, entries))), default=None)


def _side_of(code: int) -> str:
    return next(side for bit, side in zip(BITS, SIDES, strict=True) if code & bit)


def _other_figure(expected: EntryColumns | None, answer: EntryColumns | None, rows: Rows) -> Difference | None:
    """Return the first of `rows`, which rise, at which the size or an exit of an entry differs."""
    if expected is answer:
        return None
    differences = []
    for name in FIGURES:
        one, other = (_figures(columns, name, rows) for columns in (expected, answer))
        differs = ~np.isclose(one, other, rtol=_JITTER, atol=0.0, equal_nan=True)
        differences += [(row, name) for row in rows[differs][:1].tolist()]
    return min(differences, default=None)


def _figures(columns: EntryColumns | None, name: str, rows: Rows) -> Floats:
    return np.full(len(rows), np.nan) if columns is None else columns.figures(name, rows)


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
