"""The demonstration on a stage."""

from tests.stage import demonstration, own_stage, stage  # noqa: F401
