"""Seeded random markets that are the same bytes on every platform and with every numpy.

Only raw PCG64 words and exactly rounded arithmetic (+ − × ÷ √) go into a price: no logarithm, no library of
distributions, no sum whose order is open. A bell curve is twelve 16-bit uniforms added up.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from orchestrate.data.calendar import DAY, SECOND
from orchestrate.data.columns import Columns
from orchestrate.data.files.bounds import require_memory
from orchestrate.domain.errors import DataError
from orchestrate.domain.market.synthetic import SyntheticSpec, seconds
from orchestrate.domain.market.timeline import Flags, Floats, Stamps

_MOOD_BARS = 60  # how long a mood lasts on average
_BAR = 130  # bytes that a bar takes while the columns are made
_FAR = 4.0  # how much further a bar of the tails moves


def read_synthetic(symbol: str, settings: Mapping[str, Any]) -> Columns:
    """Return the columns of a `synthetic:` mapping; DataError where the mapping describes nothing possible."""
    try:
        spec = SyntheticSpec(**settings)
    except (TypeError, ValueError) as error:
        raise DataError(f"synthetic: {error}", where=symbol) from None
    require_memory(_BAR * spec.bars, symbol)
    return generate(symbol, spec)


def generate(symbol: str, spec: SyntheticSpec) -> Columns:
    """Return the series that `spec` describes; `symbol` counts only where `spec` has no seed of its own."""
    seed = _number_of(symbol) if spec.seed is None else spec.seed
    label, place = _stamps(spec)
    moves = _moves(seed, spec, place)
    scale = 10.0**spec.decimals
    close = _ticks(np.asarray(spec.price * np.cumprod(1.0 + moves)), scale)
    before = np.concatenate([[float(round(spec.price * scale))], close[:-1]])
    wide = _deviation(spec)
    opened = np.maximum(before + np.rint(before * (0.2 * wide * _bell(seed, 2, spec.bars))), 1.0)
    above = np.rint(close * (0.5 * wide * np.abs(_bell(seed, 3, spec.bars))))
    below = np.rint(close * (0.5 * wide * np.abs(_bell(seed, 4, spec.bars))))
    high = np.maximum(opened, close) + above
    low = np.maximum(np.minimum(opened, close) - below, 1.0)
    volume = np.floor(1_000_000.0 * (0.5 + _uniform(seed, 5, spec.bars)))
    kept = _kept(seed, spec)
    opened, high, low, close = (column[kept] / scale for column in (opened, high, low, close))
    return Columns(label[kept], opened, high, low, close, volume[kept])


def _moves(seed: int, spec: SyntheticSpec, place: Stamps) -> Floats:
    """Return returns from close to close: the group's part and the series' own, stretched by mood and tail."""
    shock = _bell(seed, 0, spec.bars)
    if spec.group:
        common = _bell_at(_number_of(spec.group), place)
        shock = math.sqrt(spec.correlation) * common + math.sqrt(1.0 - spec.correlation) * shock
    stretch, lift = _moods(seed, spec)
    stretch = np.where(_uniform(seed, 6, spec.bars) < spec.tails, _FAR, 1.0) * stretch
    moves = lift * (spec.drift / _periods(spec)) + stretch * _deviation(spec) * shock
    return np.clip(moves, -0.5, 0.5)


def _moods(seed: int, spec: SyntheticSpec) -> tuple[Floats, Floats]:
    """Return how much wider than usual each bar moves and how strong its drift is, from calm to wild."""
    if spec.regimes == 1:
        return np.ones(spec.bars), np.ones(spec.bars)
    changes = _uniform(seed, 7, spec.bars) < 1.0 / _MOOD_BARS
    changes[0] = True
    last_change = np.maximum.accumulate(np.where(changes, np.arange(spec.bars), 0))
    mood = np.floor(_uniform(seed, 8, spec.bars) * spec.regimes)[last_change] / (spec.regimes - 1)
    return 0.6 + 1.2 * mood, 3.0 - 4.0 * mood


def _kept(seed: int, spec: SyntheticSpec) -> Flags:
    kept = _uniform(seed, 9, spec.bars) >= spec.gaps
    kept[[0, -1]] = True
    return kept


def _stamps(spec: SyntheticSpec) -> tuple[Stamps, Stamps]:
    """Return timestamps, and each bar's place among all bars of its frequency, by which groups move together."""
    length = seconds(spec.frequency) * SECOND
    per_day = DAY // length
    day = int(np.datetime64(spec.start, "D").astype(np.int64))
    if spec.week == 7:
        place = day * per_day + np.arange(spec.bars, dtype=np.int64)
        return place * length, place
    # 1970-01-05 was a Monday: working days are counted from it
    monday = day - 4
    working_day = monday // 7 * 5 + min(monday % 7, 5)
    place = working_day * per_day + np.arange(spec.bars, dtype=np.int64)
    working = place // per_day
    return (working // 5 * 7 + working % 5 + 4) * DAY + place % per_day * length, place


def _periods(spec: SyntheticSpec) -> float:
    return (252.0 if spec.week == 5 else 365.0) * (86400 / seconds(spec.frequency))


def _deviation(spec: SyntheticSpec) -> float:
    return spec.volatility / math.sqrt(_periods(spec))


def _ticks(prices: Floats, scale: float) -> Floats:
    return np.asarray(np.maximum(np.rint(prices * scale), 1.0), dtype=np.float64)


def _uniform(seed: int, stream: int, size: int) -> Floats:
    """Return numbers in [0, 1)."""
    words = np.asarray(np.random.PCG64([seed, stream]).random_raw(size), dtype=np.uint64)
    return (words >> np.uint64(11)).astype(np.float64) / 2.0**53


def _bell(seed: int, stream: int, size: int) -> Floats:
    """Return numbers like the standard normal, none beyond ±6."""
    return _added_up(np.random.PCG64([seed, stream]).random_raw(3 * size))


def _bell_at(seed: int, place: Stamps) -> Floats:
    """Return numbers as `_bell` does, but element i belongs to `place[i]`, wherever a series starts."""
    bits = np.random.PCG64([seed, 1])
    bits.advance(3 * (int(place[0]) + 2**40))
    return _added_up(bits.random_raw(3 * len(place)))


def _added_up(words: Any) -> Floats:
    triples = words.reshape(-1, 3)
    total = np.zeros(len(triples), dtype=np.int64)
    for word in range(3):
        for shift in (0, 16, 32, 48):
            total += ((triples[:, word] >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
    return np.asarray((total - 6 * 65535) / 65536.0, dtype=np.float64)


def _number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
