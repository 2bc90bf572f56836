"""Digests of what a run knows of the market, by which a later one sees that its data has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrate.domain.market.timeline import BarSeries, Market
from orchestrate.domain.options.chain import Chain


def data_hash(
    series: Mapping[str, BarSeries],
    rates: Mapping[str, float] = MappingProxyType({}),
    chains: Mapping[str, Chain] = MappingProxyType({}),
) -> str:
    """Return a digest of every column that a strategy can see, and of those `rates` that are from before them."""
    digest = hashlib.sha256()
    for symbol in sorted(series):
        bars = series[symbol]
        digest.update(f"{symbol}\0{len(bars)}\0{bars.length}\0".encode())
        _add(digest, bars.columns)
        if symbol in rates:
            digest.update(f"{rates[symbol]!r}\0".encode())
        if symbol in chains:
            chain = chains[symbol]
            digest.update(f"{chain.terms!r}\0{', '.join(chain.quoted)}\0".encode())
            _add(digest, chain.columns)
    return digest.hexdigest()


def data_hashes(market: Market) -> dict[str, str]:
    """Return the digest of each entry of the data; that of a chain covers contracts that have joined."""
    own = {symbol: bars for symbol, bars in market.series.items() if market.instruments[symbol].option is None}
    if len(own) == 1:
        return dict.fromkeys(own, market.data_hash)
    rates, chains = market.earlier_rates, market.chains
    return {
        symbol: data_hash({symbol: bars}, rates, {symbol: chains[symbol]} if symbol in chains else {})
        for symbol, bars in own.items()
    }


def _add(digest: hashlib._Hash, columns: Iterable[npt.NDArray[Any]]) -> None:
    for column in columns:
        digest.update(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<"), copy=False).data)
