"""The form that gives a model an address. It reads; `labs.deploy.services` says what may be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from labs.deploy.services import DAYS, REQUESTS_PER_DAY
from labs.models import Run
from portal.lib.errors import UserError


class DeploymentForm(forms.Form):
    """Name, days and requests a day."""

    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, help_text=_("Programs ask for the model by this name.")
    )
    days = forms.IntegerField(label=_("Days"), required=False, help_text=_("Then its key opens nothing any more."))
    requests_per_day = forms.IntegerField(label=_("Requests a day"), required=False)

    def __init__(self, run: Run, data: Any = None) -> None:
        first = {
            "name": f"{slugify(run.lab)}-{run.pk}"[:40].strip("-"),
            "days": DAYS,
            "requests_per_day": min(REQUESTS_PER_DAY, settings.LAB_DEPLOY_REQUESTS),
        }
        super().__init__(data, initial=first, prefix="deploy")
        self.fields["name"].widget.attrs |= {"class": "input", "autocomplete": "off", "spellcheck": "false"}
        for name in ("days", "requests_per_day"):
            plain = {"class": "input input-num", "inputmode": "numeric", "autocomplete": "off"}
            self.fields[name].widget = forms.TextInput(attrs=plain)

    def refuse(self, error: UserError) -> None:
        """Show what a service did not take, beside the fields; all else above them."""
        for name, text in error.fields.items():
            if name not in self.errors:
                self.add_error(name, str(text))
        if not error.fields:
            self.add_error(None, f"{error.message} {error.hint}".strip())
