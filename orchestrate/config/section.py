"""What all sections of a configuration have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator


def made(kind: type) -> Any:
    """Return the default `kind()`."""
    return Field(default_factory=lambda: kind())  # noqa: PLW0108 (pydantic reads the signature, of a class slowly)


class Section(BaseModel):
    """A mapping whose keys are all known."""

    #: A hint for keys that resemble none of the known ones.
    stranger: ClassVar[str] = ""
    #: The key that a single value written instead of the mapping most likely means.
    short: ClassVar[str] = ""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_the_default(cls, value: Any) -> Any:
        """Treat a known key without a value as left out."""
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if item is not None or key not in cls.model_fields}
