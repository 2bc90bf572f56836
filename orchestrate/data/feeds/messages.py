"""Messages of a feed as ticks, and ticks as messages. Nothing in a message is trusted, and none is evaluated.

A message has `bid` and `ask`, else `last`, else `price`; `timestamp` or `time`, as ISO text or as seconds or
milliseconds since 1970; and it may have `symbol`, `volume` and `seq`. Other keys have no effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from orchestrate.data.feeds.formats import Frames, WireFormat
from orchestrate.domain.errors import MessageError
from orchestrate.domain.market.stamps import EARLIEST, label_text, span_of
from orchestrate.domain.text.printable import one_line
from orchestrate.domain.ticks.tick import EXACT, Refusal, Tick, require_finite

LARGEST: Final = 64 * 1024
#: Seconds since 1970 reach this in the year 5138, milliseconds did in 1973.
_MILLISECONDS_FROM: Final = Decimal(10) ** 11
_DATE: Final = len("2020-01-31")
_PRICES: Final = (("bid", "ask"), ("last", "last"), ("price", "price"))


def read_tick(frames: Frames, layout: WireFormat, symbols: Mapping[str, str]) -> Tick:
    """Return the tick of a message; `symbols` are ours by the feed's. MessageError with the reason where it is none."""
    size = sum(map(len, frames))
    if size > LARGEST:
        raise MessageError(Refusal.TOO_LARGE, f"a message of {size} bytes")
    topic, body = layout.split(frames)
    facts = _facts(body)
    symbol = symbols.get(_name(_text(topic), facts))
    if symbol is None:
        raise MessageError(Refusal.UNKNOWN_SYMBOL, "a message about a symbol that nobody trades")
    bid, ask = _quote(facts, symbol)
    seq = _number(facts, "seq", symbol)
    if seq is not None and (seq != seq.to_integral_value() or seq < 0):
        raise MessageError(Refusal.NOT_A_NUMBER, f"seq {seq:g} does not count", where=symbol)
    volume = _number(facts, "volume", symbol) or Decimal(0)
    return Tick(symbol, _moment(facts, symbol), bid, ask, volume, None if seq is None else int(seq))


def write_tick(tick: Tick, layout: WireFormat, name: str) -> list[bytes]:
    """Return the message of a tick that `read_tick` reads back; `name` is the feed's for its symbol."""
    text = label_text(tick.t)
    stamp = f"{text}T00:00:00Z" if len(text) == _DATE else text
    number = "" if tick.seq is None else f', "seq": {tick.seq}'
    body = (
        f'{{"symbol": {json.dumps(name)}, "bid": {tick.bid}, "ask": {tick.ask}, "volume": {tick.volume}, '
        f'"timestamp": "{stamp}"{number}}}'
    )
    return layout.join(name, body.encode())


def _text(part: bytes) -> str:
    try:
        return part.decode("utf-8")
    except UnicodeDecodeError:
        raise MessageError(Refusal.NOT_TEXT, "a message that is not UTF-8") from None


def _facts(body: bytes) -> dict[str, Any]:
    """Return the object of a body, its numbers as they are written."""
    text = _text(body)
    try:
        facts = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        raise MessageError(Refusal.NOT_JSON, f"no JSON: {one_line(text[:60])}") from None
    if not isinstance(facts, dict):
        raise MessageError(Refusal.NOT_AN_OBJECT, f"no JSON object: {one_line(text[:60])}")
    return facts


def _name(topic: str, facts: Mapping[str, Any]) -> str:
    """Return the feed's name of the symbol, on which topic and body agree."""
    named = facts.get("symbol")
    if named is None and topic:
        return topic
    if not isinstance(named, str):
        raise MessageError(Refusal.NO_SYMBOL, "a message without a symbol")
    if topic and named != topic:
        message = f"a message about {one_line(named)} under the topic {one_line(topic)}"
        raise MessageError(Refusal.TOPIC_CONTRADICTS, message)
    return named


def _quote(facts: Mapping[str, Any], symbol: str) -> tuple[Decimal, Decimal]:
    for lower, upper in _PRICES:
        bid, ask = _number(facts, lower, symbol), _number(facts, upper, symbol)
        if bid is not None and ask is not None:
            return bid, ask
    raise MessageError(Refusal.NO_PRICE, "a message without bid and ask, last or price", where=symbol)


def _number(facts: Mapping[str, Any], name: str, symbol: str) -> Decimal | None:
    number = facts.get(name)
    if number is None:
        return None
    if not isinstance(number, Decimal):
        raise MessageError(Refusal.NOT_A_NUMBER, f"{name} is no number", where=symbol)
    require_finite(name, number, symbol)
    return number


def _moment(facts: Mapping[str, Any], symbol: str) -> int:
    stamp = facts.get("timestamp") if facts.get("timestamp") is not None else facts.get("time")
    if isinstance(stamp, Decimal) and stamp.is_finite() and abs(stamp) < _MILLISECONDS_FROM**2:
        return int(EXACT.scaleb(stamp, 9 if abs(stamp) < _MILLISECONDS_FROM else 6))
    if isinstance(stamp, str) and len(stamp) > _DATE:
        with suppress(ValueError):
            moment = span_of(stamp)[0]
            if moment > EARLIEST:  # where it puts everything earlier
                return moment
    raise MessageError(Refusal.NO_TIME, "a message without a timestamp that can be read", where=symbol)
