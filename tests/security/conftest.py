"""The demonstration on a stage, for the attacks that go through HTTP."""

from tests.stage import demonstration, own_stage, stage  # noqa: F401
