"""Failed assertions of the conformance suite show their values, although it is no test file."""

import pytest

pytest.register_assert_rewrite("tests.engines.conformance")
