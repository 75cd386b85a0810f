from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class ConfigConfig(AppConfig):
    default = True
    name = "config"
    verbose_name = "Assay"

    def ready(self) -> None:
        from config import content, halfway, mailing, sessions, wall  # noqa: F401  (some have chores)

        autodiscover_modules("chores", "mails")
        post_migrate.connect(wall.build_after_migrate, dispatch_uid="second wall")
        register(Tags.security, deploy=True)(wall.check_wall)
        register(Tags.database)(halfway.check_halfway)


class DeskConfig(admin.AdminConfig):
    default = False
    default_site = "config.desk.Desk"
