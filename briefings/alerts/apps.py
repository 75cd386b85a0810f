from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "briefings.alerts"
    label = "alerts"

    def ready(self) -> None:
        from accounts.personal import register
        from briefings.alerts import personal

        register("follows", export=personal.export_of, forget=personal.forget)
