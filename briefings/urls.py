from django.urls import re_path

from briefings import views
from config.languages import in_each_language

app_name = "briefings"

SLUG = r"(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)"

urlpatterns = [
    in_each_language(re_path(rf"^profiles/{SLUG}/briefing/$", views.briefing_detail, name="briefing_detail")),
    re_path(r"^preview/(?P<preview>[A-Za-z0-9_-]{32})/$", views.preview_link, name="preview_link"),
    re_path(r"^preview/(?P<preview>[A-Za-z0-9_-]{32})/figure/$", views.preview_figure, name="preview_figure"),
]
