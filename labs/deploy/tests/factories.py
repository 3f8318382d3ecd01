"""Plain functions that make what the tests of deployments need."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from django.utils import timezone

from labs.deploy.models import Completion, Deployment
from labs.deploy.selectors import key_hash
from labs.models import Run

_numbers = itertools.count(1)

OPTIONS: dict[str, Any] = {"max_tokens": 20, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "seed": 1, "stop": []}


def key_of(deployment: Deployment) -> str:
    """The key of a deployment that `make_deployment` made."""
    return f"grd-{deployment.name}"


def make_deployment(run: Run, **fields: Any) -> Deployment:
    """A deployment of a run, without going through the service."""
    name = fields.pop("name", f"model-{next(_numbers)}")
    values: dict[str, Any] = {
        "key_sha256": key_hash(f"grd-{name}"),
        "key_prefix": "grd-",
        "requests_per_day": 100,
        "tokens_per_day": 10_000,
        "expires_at": timezone.now() + timedelta(days=3),
    }
    return Deployment.objects.create(run=run, owner=run.owner, name=name, **values | fields)


def make_request(deployment: Deployment, **fields: Any) -> Completion:
    """A request to a deployment, in any state."""
    return Completion.objects.create(deployment=deployment, **{"prompt": "The ", "options": OPTIONS} | fields)
