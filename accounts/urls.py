from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("account/", views.account_home, name="home"),
    path("account/corner/", views.corner, name="corner"),
    path("account/circle/", views.circle, name="circle"),
    path("account/circle/leave/", views.leave_circle, name="leave_circle"),
    path("account/export/", views.export, name="export"),
    path("account/close/", views.close, name="close"),
    path("account/keep/", views.keep, name="keep"),
]
