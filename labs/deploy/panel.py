"""What the section "Deploy" of a run's page shows. Called by the views of runs and of deployments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from labs.deploy import selectors
from labs.deploy.forms import DeploymentForm
from labs.deploy.models import Deployment
from labs.deploy.states import Deployed
from labs.models import Run

NEW_KEY = "new_deployment_key"
"""Where the session keeps a key from its making to the page that shows it."""
TAGS = {
    Deployed.ACTIVE: ("good", "check"),
    Deployed.EXPIRED: ("warn", "clock"),
    Deployed.REVOKED: ("", "stop"),
    Deployed.GONE: ("bad", "close"),
}
"""Class and icon of the tag that says where a deployment stands."""

CURL = """curl {base}/completions \\
  -H "Authorization: Bearer $GRADUS_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{name}", "prompt": "{prompt}", "max_tokens": 100}}'"""
PYTHON = """import os

from openai import OpenAI

client = OpenAI(
    base_url="{base}",
    api_key=os.environ["GRADUS_KEY"],
)
answer = client.completions.create(
    model="{name}",
    prompt="{prompt}",
    max_tokens=100,
)
print(answer.choices[0].text)"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One deployment as the page shows it."""

    deployment: Deployment
    state: Deployed
    kind: str
    icon: str
    requests_today: int
    tokens_today: int
    new_key: str
    curl: str
    python: str

    @property
    def active(self) -> bool:
        """Whether its key opens it."""
        return self.state == Deployed.ACTIVE


def panel(request: HttpRequest, run: Run, form: DeploymentForm | None = None) -> dict[str, Any]:
    """Rows and form of a run; nothing where its model writes no text. One query; a new key is shown once."""
    if not selectors.can_deploy(run):
        return {}
    found = list(selectors.deployments(request.user, run))
    keys = request.session.get(NEW_KEY) or {}
    new = {row.pk: keys[str(row.pk)] for row in found if str(row.pk) in keys}
    if new:
        del request.session[NEW_KEY]
    base = request.build_absolute_uri("/v1")
    return {
        "rows": [_row(deployment, new.get(deployment.pk, ""), base, run) for deployment in found],
        "form": form or DeploymentForm(run),
        "task": selectors.task_of(run),
        "base": base,
    }


def _row(deployment: Deployment, new_key: str, base: str, run: Run) -> Row:
    state = deployment.now_state
    kind, icon = TAGS[state]
    requests, tokens = deployment.used_today
    words = {"base": base, "name": deployment.name, "prompt": _plain(run.spec.get("prompts") or [""])}
    return Row(
        deployment=deployment,
        state=state,
        kind=kind,
        icon=icon,
        requests_today=requests,
        tokens_today=tokens,
        new_key=new_key,
        curl=CURL.format(**words),
        python=PYTHON.format(**words),
    )


def _plain(prompts: Any) -> str:
    """A prompt that stands between quotes in a shell and in Python without a second thought; else a usual one."""
    prompt = str(prompts[0])
    return prompt if prompt and not set(prompt) & set("\"'\\$`!\n\r\t") and prompt.isprintable() else "The "
