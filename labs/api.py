"""The API of the labs: the same services and selectors as the pages."""

from __future__ import annotations

import secrets

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from labs import selectors, services
from labs.curves import HELD_OUT, POINT, rows
from labs.serializers import (
    EventsSerializer,
    RunDetailSerializer,
    RunSerializer,
    RunSubmitSerializer,
    SampleSerializer,
)
from portal.lib.pagination import Pages


@extend_schema(
    methods=["GET"],
    responses=RunSerializer(many=True),
    operation_id="runs_list",
    description="List one's own runs, newest first, without their curves.",
)
@extend_schema(
    methods=["POST"],
    request=RunSubmitSerializer,
    responses={201: RunSerializer},
    operation_id="runs_submit",
    description="Queue a run of a lab. 422 names every field that cannot be used, and nothing is queued.",
)
@api_view(["GET", "POST"])
def run_list(request: Request) -> Response:
    """List one's own runs, newest first; or submit one."""
    if request.method == "POST":
        return run_submit(request)
    pages: BasePagination = Pages()
    page = pages.paginate_queryset(selectors.run_list(request.user), request)
    return pages.get_paginated_response(RunSerializer(page, many=True).data)


def run_submit(request: Request) -> Response:
    """Queue a run."""
    form = RunSubmitSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    values = form.validated_data
    run = services.run_submit(
        owner=request.user,
        lab=values["lab"],
        values=values["spec"],
        prediction=values["prediction"],
        forecast=values["forecast"],
        idempotency_key=values["idempotency_key"] or secrets.token_urlsafe(24),
    )
    return Response(RunSerializer(run).data, status=201)


@extend_schema(responses=RunDetailSerializer, operation_id="runs_read")
@api_view(["GET"])
def run_read(request: Request, run_id: int) -> Response:
    """Read one's own run with its whole curve as last stored."""
    return Response(RunDetailSerializer(selectors.run_get(request.user, run_id)).data)


@extend_schema(
    parameters=[OpenApiParameter("after", int, description="Only what came after this step")],
    responses=EventsSerializer,
    operation_id="runs_events",
)
@api_view(["GET"])
def run_events(request: Request, run_id: int) -> Response:
    """Read points, held-out losses and samples after a step. The live stream is `/runs/<id>/stream`."""
    try:
        after = int(request.query_params.get("after", "0"))
    except ValueError:
        raise ValidationError({"after": "a whole number"}) from None
    run = selectors.live_run(request.user, run_id)
    held_out = run.curve.get("held_out", {})
    return Response(
        {
            "state": run.state,
            "ended": run.ended,
            "step": run.step,
            "points": [dict(zip(POINT, row, strict=True)) for row in rows(run.curve) if row[0] > after],
            "held_out": [dict(zip(HELD_OUT, row, strict=True)) for row in rows(held_out, HELD_OUT) if row[0] > after],
            "samples": [sample for sample in run.samples if sample["step"] > after],
        }
    )


@extend_schema(request=None, responses=RunSerializer, operation_id="runs_cancel")
@api_view(["POST"])
def run_cancel(request: Request, run_id: int) -> Response:
    """Cancel one's own run."""
    return Response(RunSerializer(services.run_cancel(owner=request.user, run_id=run_id)).data)


@extend_schema(responses=SampleSerializer(many=True), operation_id="runs_samples")
@api_view(["GET"])
def run_samples(request: Request, run_id: int) -> Response:
    """Read what the model wrote at its checkpoints."""
    return Response(SampleSerializer(selectors.live_run(request.user, run_id).samples, many=True).data)
