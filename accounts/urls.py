from django.urls import path

from accounts import seat_views, views
from accounts.applications import views as applications
from config.languages import in_each_language

app_name = "accounts"
pages = [
    path("account/", views.account_home, name="home"),
    path("account/corner/", views.corner, name="corner"),
    path("account/circle/", views.circle, name="circle"),
    path("account/circle/leave/", views.leave_circle, name="leave_circle"),
    path("account/close/", views.close, name="close"),
    path("account/keep/", views.keep, name="keep"),
    path("account/application/", applications.application, name="application"),
    path("account/application/withdraw/", applications.withdraw, name="application_withdraw"),
    path("account/application/look-again/", applications.look_again, name="application_look_again"),
    path("account/organisations/<int:pk>/invite/", seat_views.invite, name="invite"),
    path("account/invitations/<int:pk>/withdraw/", seat_views.withdraw_invitation, name="withdraw_invitation"),
    path("account/seats/<int:pk>/remove/", seat_views.remove, name="seat_remove"),
    path("account/invitations/<int:pk>/accept/", seat_views.accept, name="accept_invitation"),
    path("account/seats/<int:pk>/leave/", seat_views.leave, name="seat_leave"),
    path("account/seats/<int:pk>/hand-over/", seat_views.hand_over, name="seat_hand_over"),
    path("account/invitation/", seat_views.invitation, name="invitation"),
    path("account/invitation/<slug:secret>/", seat_views.invitation_link, name="invitation_link"),
]
urlpatterns = [
    in_each_language(*pages),
    path("account/export/", views.export, name="export"),
    path("account/application/document/<int:pk>/", applications.document, name="document"),
]
