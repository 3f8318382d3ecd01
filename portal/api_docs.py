"""The API's documentation as a page, made of its own OpenAPI schema: what a program reads, a person can read too."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

JSON = "application/json"


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    name: str
    method: str
    path: str
    text: str
    parameters: list[Field]
    request: list[Field]
    status: str
    response: list[Field]
    is_list: bool


@require_safe
@login_required
def api_docs(request: HttpRequest) -> HttpResponse:
    """Every operation with its fields."""
    return render(request, "api_docs.html", {"operations": operations()})


@cache
def operations() -> list[Operation]:
    """All operations of the API, in the order of their addresses. The schema is made once a process."""
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    components = schema["components"]["schemas"]
    return [
        _operation(method, path, facts, components)
        for path, methods in schema["paths"].items()
        if not path.endswith("/schema/")
        for method, facts in methods.items()
    ]


def _operation(method: str, path: str, facts: dict[str, Any], components: dict[str, Any]) -> Operation:
    parameters = [
        Field(
            name=item["name"],
            kind=_kind(item["schema"]),
            required=item.get("required", False),
            text=item.get("description", ""),
        )
        for item in facts.get("parameters", [])
    ]
    status, answer = next((code, item) for code, item in facts["responses"].items() if code.startswith("2"))
    shape = answer.get("content", {}).get(JSON, {}).get("schema", {})
    body = facts.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    return Operation(
        name=facts["operationId"],
        method=method.upper(),
        path=path,
        text=facts.get("description", ""),
        parameters=parameters,
        request=_fields(body, components),
        status=status,
        response=_fields(shape, components),
        is_list=_resolved(shape, components).get("type") == "array",
    )


def _resolved(shape: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A shape with its reference followed."""
    reference = shape.get("$ref", "")
    found: dict[str, Any] = components[reference.rpartition("/")[2]] if reference else shape
    return found


def _fields(shape: dict[str, Any], components: dict[str, Any]) -> list[Field]:
    """Fields of an object, or of the objects in a list or page of a list."""
    shape = _resolved(shape, components)
    if shape.get("type") == "array":
        return _fields(shape["items"], components)
    required = set(shape.get("required", []))
    return [
        Field(name=name, kind=_kind(item), required=name in required, text=item.get("description", ""))
        for name, item in shape.get("properties", {}).items()
    ]


def _kind(shape: dict[str, Any]) -> str:
    """A type in a word or two."""
    if "$ref" in shape:
        return str(shape["$ref"].rpartition("/")[2])
    if shape.get("type") == "array":
        return f"[{_kind(shape['items'])}]"
    for several in ("oneOf", "allOf", "anyOf"):
        if several in shape:
            return " | ".join(_kind(one) for one in shape[several])
    return str(shape.get("format") or shape.get("type") or "any")
