"""How a tick is laid out in the frames of a message, by the names that a configuration writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrate.domain.errors import MessageError
from orchestrate.domain.ticks.tick import Refusal

Frames = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class WireFormat:
    """Frames of a message: `split` into topic and body, made by `join`; `topic` is what a symbol is subscribed by.

    A format without topics has "" as the topic of everything.
    """

    description: str
    split: Callable[[Frames], tuple[bytes, bytes]]
    join: Callable[[str, bytes], list[bytes]]
    topic: Callable[[str], bytes]


def _only(frames: Frames, count: int) -> Frames:
    if len(frames) != count:
        raise MessageError(Refusal.FRAMES, f"a message of {len(frames)} frames, not {count}")
    return frames


def _split_one_frame(frames: Frames) -> tuple[bytes, bytes]:
    topic, blank, body = _only(frames, 1)[0].partition(b" ")
    if not blank or not topic:
        raise MessageError(Refusal.FRAMES, "a message without a topic and a blank after it")
    return topic, body


def _split_two_frames(frames: Frames) -> tuple[bytes, bytes]:
    topic, body = _only(frames, 2)
    if not topic:
        raise MessageError(Refusal.FRAMES, "a message with an empty topic")
    return topic, body


#: A further format is a line here. The first one is the default.
FORMATS: Final[Mapping[str, WireFormat]] = {
    "topic_json": WireFormat(
        "one frame: the symbol, a blank, a JSON object",
        _split_one_frame,
        lambda symbol, body: [symbol.encode() + b" " + body],
        lambda symbol: symbol.encode() + b" ",  # without the blank EURUSD.s would arrive as well
    ),
    "two_frames": WireFormat(
        "two frames: the symbol, and a JSON object",
        _split_two_frames,
        lambda symbol, body: [symbol.encode(), body],
        lambda symbol: symbol.encode(),
    ),
    "bare_json": WireFormat(
        "one frame: a JSON object with its symbol",
        lambda frames: (b"", _only(frames, 1)[0]),
        lambda _symbol, body: [body],
        lambda _symbol: b"",
    ),
}
