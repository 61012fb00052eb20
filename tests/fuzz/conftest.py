"""The stage of the made-up requests."""

from tests.stage import demonstration, stage  # noqa: F401
