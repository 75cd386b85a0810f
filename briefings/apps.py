from django.apps import AppConfig


class BriefingsConfig(AppConfig):
    name = "briefings"

    def ready(self) -> None:
        from accounts.panels import shown_by
        from briefings import personal
        from briefings.news import news_panel
        from briefings.teasers import teasers_of
        from profiles.pages.deeper import told_by

        told_by(teasers_of)
        shown_by(news_panel)
        personal.register()
