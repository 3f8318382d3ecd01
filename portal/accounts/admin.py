"""Django admin of people and teams."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.admin import TokenAdmin
from rest_framework.authtoken.models import TokenProxy

from portal.accounts.models import Team, User

# Every token would be listed in full. The import of TokenAdmin has registered it before this line.
if isinstance(admin.site.get_model_admin(TokenProxy), TokenAdmin):
    admin.site.unregister(TokenProxy)


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    """People by e-mail address."""

    ordering = ("email",)
    list_display = ("email", "display_name", "is_active", "is_learner", "is_manager", "is_author", "is_administrator")
    list_filter = ("is_active", "is_learner", "is_manager", "is_author", "is_administrator")
    search_fields = ("email", "display_name")
    filter_horizontal = ()
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("display_name", "language", "time_zone")}),
        (_("Roles"), {"fields": ("is_active", "is_learner", "is_manager", "is_author", "is_administrator")}),
    )
    add_fieldsets: Any = (
        (
            None,
            {"classes": ("wide",), "fields": ("email", "display_name", "usable_password", "password1", "password2")},
        ),
    )


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Team]):
    """Teams with their managers and members."""

    list_display = ("name", "parent")
    search_fields = ("name",)
    autocomplete_fields = ("parent",)
    filter_horizontal = ("managers", "members")
