"""Trust in a browser that a person's company objects to cannot be had by adding the field to the form."""

from sqlalchemy import select

from idp.authn.models import TrustedDevice
from idp.companies import access
from tests.stage import Stage


def test_a_field_that_was_not_offered_is_not_heeded(own_stage: Stage) -> None:
    """Otherwise the trust would begin to count on the day the company stops objecting."""
    stage, name = own_stage, "luc.wouters"
    with stage.work(write=False) as work:
        assert not access.trusted_devices_allowed(work, stage.person(name).id)
    stage.sign_in(name, trust=True)
    with stage.work(write=False) as work:
        trusts = work.session.scalars(
            select(TrustedDevice.skips_second_factor).where(TrustedDevice.account_id == stage.person(name).id)
        )
        assert list(trusts) == [False]
