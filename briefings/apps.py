from django.apps import AppConfig


class BriefingsConfig(AppConfig):
    name = "briefings"

    def ready(self) -> None:
        from briefings import preview_admin  # noqa: F401  registers itself
        from briefings.teasers import teasers_of
        from profiles.pages.deeper import told_by

        told_by(teasers_of)
