"""Django's rules for passwords, with the words that its Chinese catalogue lacks."""

from __future__ import annotations

from django.contrib.auth import password_validation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class SimilarityValidator(password_validation.UserAttributeSimilarityValidator):
    """Not almost the e-mail address."""

    def get_error_message(self) -> str:
        """Filled by Django with `verbose_name`."""
        return _("The password is too much like the %(verbose_name)s.")


class LengthValidator(password_validation.MinimumLengthValidator):
    """Long enough."""

    def get_error_message(self) -> str:
        """Django's says this in English whatever the language."""
        text = ngettext(
            "The password is too short: it needs at least %(count)d character.",
            "The password is too short: it needs at least %(count)d characters.",
            self.min_length,
        )
        return text % {"count": self.min_length}
