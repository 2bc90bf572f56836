"""A column of stamps as text, and what comes of reading it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrate.domain.errors import DataError
from orchestrate.domain.market import Stamps

Integers = npt.NDArray[np.int64]

FORMAT_HINT: Final = "set date_format: '%d/%m/%Y' (or the like), day_first, month_first, epoch_s, epoch_ms, excel …"


@dataclass(frozen=True, slots=True)
class Reading:
    """The stamps, and in words what had to be decided to read them (empty where nothing had)."""

    label: Stamps
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of stamps as text, where its rows stand in the file, and the settings that bear on it."""

    texts: Sequence[str]
    rows: Sequence[int]
    where: str
    timezone: str = "UTC"
    unit: str = "line"

    def refuse(self, place: int, why: str, hint: str = FORMAT_HINT) -> DataError:
        """The error about one cell."""
        return DataError(f"{self.unit} {self.rows[place]}: {self.texts[place]!r} {why}", where=self.where, hint=hint)
