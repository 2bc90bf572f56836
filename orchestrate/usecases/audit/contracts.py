"""The options of a stored run as the verification takes them: their terms, and their quotes from the chains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from orchestrate.domain.instruments.instrument import MAX_PRECISION, Instrument
from orchestrate.domain.market.stamps import DAY, moment_of
from orchestrate.domain.market.timeline import Market
from orchestrate.domain.options.chain import Chain
from orchestrate.domain.options.margin.requirement import margin_rule
from orchestrate.domain.options.settings import AccountType, ChainSettings
from orchestrate.domain.plan import RunPlan
from orchestrate.verification.facts import Contract, Table, Terms
from orchestrate.verification.options.structures import legs_of

_RIGHTS: Final = {"C": True, "P": False}


def contracts_of(market: Market, tables: Mapping[str, Table], plan: RunPlan) -> dict[str, Contract]:
    """Return the contracts that a run decided on or traded, by symbol."""
    oldest = plan.execution.options.oldest
    chains = {chain.terms.root: chain for chain in market.chains.values()}
    found: dict[str, Contract] = {}
    for symbol in dict.fromkeys(_symbols(tables)) if chains else ():
        place = _place(chains, symbol)
        if place is not None:
            chain = chains[symbol.rsplit(" ", 3)[0]]
            precision = max(chain.decimals + 1, market.instruments[chain.terms.underlying].precision)
            rule = margin_rule(market.instruments[chain.terms.underlying].asset_class, plan.capital.account)
            contract = replace(_facts(chain, place, min(precision, MAX_PRECISION)), rate=rule.rate)
            given = _settles_at(plan.chains[chain.symbol], market, contract.expiry // DAY)
            age = contract.max_age if oldest is None else oldest
            found[symbol] = replace(contract, max_age=age, settles_at=given)
    return found


def _symbols(tables: Mapping[str, Table]) -> Iterator[str]:
    yield from tables["fills"]["symbol"]
    for symbol in tables["decisions"]["symbol"]:
        yield from legs_of(symbol) if ", " in symbol or symbol.startswith(("+", "-")) else (symbol,)


def _place(chains: Mapping[str, Chain], symbol: str) -> int | None:
    """Return the place of what a symbol names, such as `SPXW 2018-02-28 P 2700`; None where no chain has it."""
    parts = symbol.rsplit(" ", 3)
    chain = chains.get(parts[0])
    if chain is None or len(parts) != 4 or parts[2] not in _RIGHTS:
        return None
    own, day = chain.contracts, moment_of(parts[1]) // DAY
    strike = np.char.mod("%.10g", own.strike) == parts[3]
    places = np.flatnonzero((own.day == day) & strike & (own.is_call == _RIGHTS[parts[2]]))
    return int(places[0]) if len(places) else None


def _settles_at(settings: ChainSettings, market: Market, day: int) -> float | None:
    """Return the settlement price that a chain is given for a day, None where there is none."""
    if not settings.settlement_series:
        return settings.settlement_prices.get(str(np.datetime64(day, "D")))
    series = market.series[settings.settlement_series]
    rows = np.flatnonzero(series.timestamp // DAY == day)
    return float(series.close[rows[-1]]) if len(rows) else None


def _facts(chain: Chain, place: int, precision: int) -> Contract:
    own, rows = chain.contracts, np.flatnonzero(chain.places == place)
    return Contract(
        underlying=chain.terms.underlying,
        is_call=bool(own.is_call[place]),
        strike=float(own.strike[place]),
        expiry=int(own.expiry[place]),
        delivers=chain.terms.delivery == "physical",
        multiplier=chain.terms.multiplier,
        moments=chain.moments,
        instants=chain.quoted_at,
        length=chain.length,
        max_age=chain.max_age,
        precision=precision,
        quoted=chain.moments[np.searchsorted(chain.starts, rows, side="right") - 1],
        bid=chain.quoted["bid"][rows],
        ask=chain.quoted["ask"][rows],
        is_american=chain.terms.style == "american",
        lag=chain.lag,
    )


def terms_of(contract: Contract, underlying: Instrument, account: AccountType) -> Terms:
    """Return how a contract is traded in an account."""
    own = Instrument("", multiplier=contract.multiplier, margin_rate=margin_rule(underlying.asset_class, account).rate)
    return Terms(
        multiplier=contract.multiplier,
        tick=underlying.tick,
        precision=contract.precision,
        by_notional=True,
        initial=(1.0, own.initial_rate(-1.0)),
        maintenance=(0.0, own.maintenance(-1.0)),
    )
