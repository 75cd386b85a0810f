from uuid import uuid4

import pytest


@pytest.fixture(autouse=True)
def attempts_of_this_test_only(settings):
    # The limits are counted in Redis, by address of the reader, and every test comes from the same one.
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": f"assay-{uuid4()}"}}
    settings.MFA_TOTP_TOLERANCE = 1  # a code may be typed in the last moment of its half minute
