from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "briefings.alerts"
    label = "alerts"
