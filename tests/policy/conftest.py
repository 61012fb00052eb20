import shutil

import pytest

from idp.policy import Policies, load
from tests.policy.demo import POLICIES


@pytest.fixture(scope="session")
def policies() -> Policies:
    """The policies as they ship."""
    return load(POLICIES)


@pytest.fixture
def folder(tmp_path):
    """A copy of the policies to break."""
    copy = tmp_path / "policies"
    shutil.copytree(POLICIES, copy, ignore=shutil.ignore_patterns("demo"))
    return copy
