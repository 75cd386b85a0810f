from django.urls import path, re_path

from briefings.alerts import views
from config.languages import in_each_language

app_name = "alerts"

SIGNED = r"(?P<token>[A-Za-z0-9_:-]+)"

pages = [
    path("alerts/", views.newsletter, name="newsletter"),
    path("alerts/asked/", views.asked, name="asked"),
    re_path(rf"^alerts/confirm/{SIGNED}/$", views.confirm, name="confirm"),
    re_path(rf"^alerts/stop/{SIGNED}/$", views.stop, name="stop"),
    path("account/follow/", views.follow, name="follow"),
    path("account/following/", views.following, name="following"),
]
urlpatterns = [in_each_language(*pages)]
