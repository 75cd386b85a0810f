from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ConfigConfig(AppConfig):
    default = True
    name = "config"
    verbose_name = "Assay"


class DeskConfig(admin.AdminConfig):
    default = False
    default_site = "config.desk.Desk"
