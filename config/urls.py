from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from briefings import desk
from config import views
from config.languages import in_each_language
from config.outbox import outbox
from config.styleguide import styleguide

urlpatterns = [
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("outbox/", outbox, name="outbox"),
    path("styleguide/", styleguide, name="styleguide"),
    re_path(r"^media/site/(?P<digest>[0-9a-f]{64})\.(?P<extension>webp)$", views.logo, name="logo"),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.ico", permanent=True)),
    path("admin/dossier/", admin.site.admin_view(desk.dossiers), name="dossier"),
    path("admin/", admin.site.urls),
    in_each_language(path("accounts/", include("allauth.urls"))),
    path("", include("accounts.urls")),
    path("", include("briefings.urls")),
    path("", include("briefings.alerts.urls")),
    path("api/", include("profiles.api.urls")),
    path("", include("profiles.urls")),
]

handler400 = "config.views.bad_request"
handler403 = "config.views.permission_denied"
handler404 = "config.views.page_not_found"
handler500 = "config.views.server_error"
