from django.urls import re_path

from briefings import views

app_name = "briefings"

urlpatterns = [
    re_path(r"^profiles/(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)/briefing/$", views.briefing_detail, name="briefing_detail"),
]
