"""Names for the questions we ask of profiles."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from profiles.models import Profile  # noqa: F401


class ProfileQuerySet(models.QuerySet["Profile"]):
    """Profiles, as readers and the desk ask for them."""

    def published(self) -> "ProfileQuerySet":
        return self.filter(live_revision__isnull=False, withdrawn_at__isnull=True)

    def for_listing(self) -> "ProfileQuerySet":
        """What a row of a list shows, in one query; never the body."""
        return self.select_related("live_revision", "state").defer(
            "live_revision__sections", "live_revision__outlook", "live_revision__statements", "state__verdict"
        )
