"""The demonstration on a stage, and callers of its API."""

from typing import Any

import pytest

from idp.web.api.pace import Pace
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.api.calling import Callers, Document


def _document(stage: Stage) -> Document:  # noqa: F811
    stage.app.extensions["sesame api pace"] = Pace(per_minute=1_000_000)  # tests are faster than callers may be
    described: dict[str, Any] = stage.app.test_client().get("/api/v1/openapi.json").json  # type: ignore[assignment]
    return Document(described)


@pytest.fixture(scope="module")
def callers(stage: Stage) -> Callers:  # noqa: F811
    """Callers on the stage that the tests of a file share."""
    return Callers(stage, _document(stage))


@pytest.fixture
def own_callers(own_stage: Stage) -> Callers:  # noqa: F811
    """Callers on a stage of one test."""
    return Callers(own_stage, _document(own_stage))
