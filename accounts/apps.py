from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import personal
        from accounts.applications import personal as held

        personal.register("applications", export=held.export_applications, forget=held.forget_applications)
        personal.register("invitations", export=held.export_invitations, forget=held.forget_invitations)
