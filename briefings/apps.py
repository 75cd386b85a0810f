from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class BriefingsConfig(AppConfig):
    name = "briefings"

    def ready(self) -> None:
        from accounts.panels import shown_by
        from briefings import actions, personal, preview_admin  # noqa: F401  the last registers itself
        from briefings.news import news_panel
        from briefings.teasers import teasers_of
        from profiles.due import published_on_time
        from profiles.pages.deeper import told_by

        told_by(teasers_of)
        published_on_time(actions.ON_TIME)
        shown_by(news_panel)
        personal.register()
        post_migrate.connect(groups_after_migrate, dispatch_uid="groups of the desk")


def groups_after_migrate(sender: AppConfig, plan: Sequence[Any] = (), **told: Any) -> None:
    """Give the groups of the desk their rights, once the last app has its permissions. After a flush nothing is new."""
    from briefings import staff

    with_models = [app for app in apps.get_app_configs() if app.models_module]
    if plan and sender.label == with_models[-1].label:
        staff.make_groups()
