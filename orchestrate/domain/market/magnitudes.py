"""How large a figure may be: within these bounds money adds up to the cent, on every engine."""

from __future__ import annotations

from typing import Final

MAX_MONEY: Final = 10**12
MAX_QUANTITY: Final = 10**12
MAX_PRICE: Final = 10**12
MAX_VOLUME: Final = 10**18
#: A multiplier or a split lies between one part in so many and so many.
MAX_FACTOR: Final = 10**6
MAX_TICKS: Final = 10**6
MAX_PERIODS: Final = 10**9
