"""People, their roles and their teams. Other apps name a person only by `settings.AUTH_USER_MODEL`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

ROLES = ("learner", "manager", "author", "administrator")


def check_time_zone(name: str) -> None:
    """Raises ValidationError when `name` is not in the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone."), params={"name": name})


def language_choices() -> list[tuple[str, Any]]:
    """A callable, so that another language needs no migration."""
    return list(settings.LANGUAGES)


class UserManager(BaseUserManager["User"]):
    """Makes people; the e-mail address is the name they sign in with."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person with a hashed password, or with an unusable one when `password` is None."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An administrator."""
        return self.create_user(email, password, **{"is_administrator": True} | fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Case does not matter in an address."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person of the company. Roles are independent: a manager may also be a learner and an author."""

    email = models.EmailField(_("e-mail"), unique=True)
    display_name = models.CharField(_("display name"), max_length=80)
    language = models.CharField(_("language"), max_length=10, choices=language_choices, default="zh-hans")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Shanghai", validators=[check_time_zone])
    is_active = models.BooleanField(_("active"), default=True)
    is_learner = models.BooleanField(_("learner"), default=True)
    is_manager = models.BooleanField(_("manager"), default=False)
    is_author = models.BooleanField(_("author"), default=False)
    is_administrator = models.BooleanField(_("administrator"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.display_name or self.email

    def clean(self) -> None:
        """Addresses that differ only by case are one address."""
        super().clean()
        self.email = self.email.lower()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles this person holds, in the order of ROLES."""
        return tuple(role for role in ROLES if getattr(self, f"is_{role}"))

    @property
    def is_staff(self) -> bool:
        """Whether Django's admin opens."""
        return self.is_administrator

    @property
    def is_superuser(self) -> bool:
        """Administrators may do everything in Django's admin."""
        return self.is_administrator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Permissions are roles; Django's own are all or nothing."""
        return self.is_active and self.is_administrator

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """See has_perm."""
        return self.has_perm("")

    def has_module_perms(self, app_label: str) -> bool:
        """See has_perm."""
        return self.has_perm("")


class TeamQuerySet(models.QuerySet["Team"]):
    """Filters on teams."""

    def for_user(self, user: User | AnonymousUser) -> TeamQuerySet:
        """Teams that `user` manages and all below them. One query for the tree, then this one."""
        return self.filter(pk__in=managed_team_ids(user))


class Team(models.Model):
    """A part of the company. Its managers see its members and those of the teams below it."""

    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey(
        "self", verbose_name=_("parent team"), null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    managers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("managers"), blank=True, related_name="managed_teams"
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("members"), blank=True, related_name="teams"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar[models.Manager[Team]] = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A team cannot lie below itself."""
        seen, parent = {self.pk}, self.parent
        while parent is not None:
            if parent.pk in seen:
                raise ValidationError({"parent": _("A team cannot be its own parent, directly or further up.")})
            seen.add(parent.pk)
            parent = parent.parent


def managed_team_ids(user: User | AnonymousUser) -> set[int]:
    """Ids of the teams that `user` manages and of all below. Two queries; none for somebody who is no manager."""
    if not (user.is_authenticated and user.is_active and user.is_manager):
        return set()
    found = set(user.managed_teams.values_list("pk", flat=True))
    if not found:
        return found
    children: dict[int | None, list[int]] = {}
    for pk, parent in Team.objects.values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(pk)
    waiting = list(found)
    while waiting:
        below = [pk for pk in children.get(waiting.pop(), []) if pk not in found]
        found.update(below)
        waiting.extend(below)
    return found
