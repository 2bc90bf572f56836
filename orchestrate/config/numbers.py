"""The kinds of number, text and date that a configuration is made of, as pydantic types: exact, and never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from orchestrate.domain.instruments.instrument import LOT_STEPS, MAX_PRECISION, SMALLEST_LOT, LotRule
from orchestrate.domain.market.magnitudes import MAX_FACTOR, MAX_MONEY, MAX_PERIODS, MAX_PRICE, MAX_QUANTITY, MAX_TICKS
from orchestrate.domain.market.synthetic import seconds
from orchestrate.domain.orders.execution import LEAST_TIMEOUT
from orchestrate.domain.text.sizes import PATTERN, size_of

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPAN: Final = re.compile(r"[1-9]\d{0,5} ?(?:y|m|w|d|bars?)")
SMALLEST_TICK = Decimal(10) ** -MAX_PRECISION
_WHOLE_AS_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")


def _decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("number", "expected a number, found {found}", {"found": value})
    return Decimal(value)


def _real(value: Any) -> Any:
    return float(_decimal(value))


def _lot(value: Any) -> Any:
    if isinstance(value, str) and value in LOT_STEPS:
        return value
    step = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else Decimal(0)
    if not SMALLEST_LOT <= step <= MAX_QUANTITY or step % Decimal(str(SMALLEST_LOT)):
        raise ValueError(f"expected integer, fractional or a step such as 0.01, found {_shown(value)}")
    return step


def _moment(value: Any) -> Any:
    whole = _WHOLE_AS_DATE.fullmatch(str(value))
    if whole:
        raise ValueError(f"expected a date, found {value}; write {'-'.join(whole.groups())}")
    return _of_the_calendar(value, _MOMENT, datetime.fromisoformat)


def _day(value: Any) -> Any:
    return _of_the_calendar(value, _DATE, date.fromisoformat)


def _of_the_calendar(value: Any, form: re.Pattern[str], read: Callable[[str], object]) -> str:
    """Return the text as it is; ValueError unless it has the form of a date and there is such a day."""
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"expected a date such as 2015-01-31, found {_shown(value)}")
    try:
        read(value)
    except ValueError:
        raise ValueError(f"{value} is not a date of the calendar") from None
    return value


def _frequency(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"expected a frequency such as 1h or 1d, found {_shown(value)}")  # noqa: TRY004 (pydantic's)
    seconds(value)
    return value


def _span(value: Any) -> Any:
    if not isinstance(value, str) or not _SPAN.fullmatch(value):
        raise ValueError(f"expected a span such as 3y, 6m, 2w, 90d or 250 bars, found {_shown(value)}")
    return value


def _size(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"expected a size such as 500MB or 2GB, found {_shown(value)}")  # noqa: TRY004 (pydantic's)
    size_of(value)
    return value


def _column(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else value


def _shown(value: Any) -> str:
    from orchestrate.config.document.nodes import named

    return named(value)


def _known(kind: str) -> BeforeValidator:
    """Return one of the names that the validation's context has of that kind."""

    return BeforeValidator(lambda value, info: _one_of(kind, value, info))


def _one_of(kind: str, value: Any, info: ValidationInfo) -> Any:
    names = list((info.context or {})[kind])
    if value not in names:
        raise PydanticCustomError("literal_error", "an unknown name", {"choices": names})
    return value


def _format(value: Any, info: ValidationInfo) -> Any:
    """Return the format of a file; a chain of options has others than bars."""
    return _one_of("chain_formats" if info.data.get("chain") else "formats", value, info)


def _json(**bounds: float) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", **bounds})


_AS_DATE = WithJsonSchema({"type": "string", "pattern": f"^{_MOMENT.pattern}$"})

#: Of bars, then of quotes.
ColumnName = Literal[
    "timestamp",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "expiry",
    "strike",
    "right",
    "bid",
    "ask",
    "spot",
    "underlying",
    "root",
    "style",
    "iv",
    "delta",
    "gamma",
    "theta",
    "vega",
    "open_interest",
]
#: Marks numbers that stand for a share: 0.05, not 5%.
SHARE: Final = "share"
_Number = Annotated[Decimal, BeforeValidator(_decimal)]
Money = Annotated[_Number, Field(gt=0, le=MAX_MONEY), _json(exclusiveMinimum=0, maximum=MAX_MONEY)]
Quantity = Annotated[_Number, Field(gt=0, le=MAX_QUANTITY), _json(exclusiveMinimum=0, maximum=MAX_QUANTITY)]
Factor = Annotated[
    _Number, Field(ge=1 / Decimal(MAX_FACTOR), le=MAX_FACTOR), _json(minimum=1 / MAX_FACTOR, maximum=MAX_FACTOR)
]
Tick = Annotated[_Number, Field(ge=SMALLEST_TICK, le=MAX_PRICE), _json(minimum=float(SMALLEST_TICK), maximum=MAX_PRICE)]
Margin = Annotated[_Number, Field(ge=1 / Decimal(MAX_FACTOR), le=1), _json(minimum=1 / MAX_FACTOR, maximum=1), SHARE]
Rate = Annotated[_Number, Field(ge=0, le=1), _json(minimum=0, maximum=1), SHARE]
Yearly = Annotated[_Number, Field(ge=0), _json(minimum=0), SHARE]
Interest = Annotated[_Number, Field(ge=Decimal("-0.5"), le=Decimal("0.5")), _json(minimum=-0.5, maximum=0.5), SHARE]
Lot = Annotated[
    LotRule | Decimal,
    BeforeValidator(_lot),
    WithJsonSchema(
        {"anyOf": [{"enum": list(LOT_STEPS)}, {"type": "number", "minimum": SMALLEST_LOT, "maximum": MAX_QUANTITY}]}
    ),
]
Ticks = Annotated[_Number, Field(ge=0, le=MAX_TICKS), _json(minimum=0, maximum=MAX_TICKS)]
Periods = Annotated[_Number, Field(ge=1, le=MAX_PERIODS), _json(minimum=1, maximum=MAX_PERIODS)]
Fee = Annotated[_Number, Field(ge=0, le=MAX_MONEY), _json(minimum=0, maximum=MAX_MONEY)]
Positive = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0), _json(exclusiveMinimum=0)]
Percentage = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0, le=100), _json(exclusiveMinimum=0, maximum=100)]
Cost = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, lt=100), _json(minimum=0, exclusiveMaximum=100)]
Fraction = Annotated[_Number, Field(gt=0, le=1), _json(exclusiveMinimum=0, maximum=1), SHARE]
Crossing = Annotated[_Number, Field(ge=0, le=1), _json(minimum=0, maximum=1)]
Timeout = Annotated[
    Decimal,
    Field(ge=Decimal(str(LEAST_TIMEOUT)), le=86400),
    BeforeValidator(_decimal),
    _json(minimum=LEAST_TIMEOUT, maximum=86400),
]
AssetClassName = Annotated[str, _known("asset_classes")]
SizingName = Annotated[str, _known("sizings")]
FormatName = Annotated[str, BeforeValidator(_format)]
SamplerName = Annotated[str, _known("samplers")]
Real = Annotated[float, BeforeValidator(_real), WithJsonSchema({"type": "number"})]
Moment = Annotated[str, BeforeValidator(_moment), _AS_DATE]
Day = Annotated[str, BeforeValidator(_day), WithJsonSchema({"type": "string", "pattern": f"^{_DATE.pattern}$"})]
Frequency = Annotated[
    str, BeforeValidator(_frequency), WithJsonSchema({"type": "string", "pattern": "^[0-9]*[a-zA-Z]+$"})
]
Size = Annotated[str, BeforeValidator(_size), WithJsonSchema({"type": "string", "pattern": f"^{PATTERN}$"})]
Column = Annotated[
    str,
    BeforeValidator(_column),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}]}),
]
Span = Annotated[str, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": f"^({_SPAN.pattern})$"})]
Filled = Annotated[str, Field(min_length=1)]
