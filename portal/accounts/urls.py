"""Account pages: ours, and of allauth's only those that make sense where administrators make the accounts."""

from allauth.account import views as allauth
from django.urls import path, re_path

from portal.accounts import views
from portal.accounts.decorators import unprocessable

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("language/", views.language, name="language"),
    path("theme/", views.theme, name="theme"),
    path("token/create/", views.token_create, name="token-create"),
    path("token/delete/", views.token_delete, name="token-delete"),
    path("login/", unprocessable(allauth.login), name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("signup/", allauth.signup, name="account_signup"),
    path("reauthenticate/", unprocessable(allauth.reauthenticate), name="account_reauthenticate"),
    path("password/change/", unprocessable(allauth.password_change), name="account_change_password"),
    path("password/set/", unprocessable(allauth.password_set), name="account_set_password"),
    path("password/reset/", unprocessable(allauth.password_reset), name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        allauth.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        unprocessable(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
]
