import pytest

from idp.policy import Policies, load
from tests.policy.demo import POLICIES


@pytest.fixture(scope="session")
def policies() -> Policies:
    """The policies as they ship."""
    return load(POLICIES)
