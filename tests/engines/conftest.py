"""Failed assertions of the conformance suite show their values, although its files are no test files."""

import pytest

for part in ("conformance", "conformance_life", "conformance_positions", "conformance_prices", "conformance_resting"):
    pytest.register_assert_rewrite(f"tests.engines.{part}")
