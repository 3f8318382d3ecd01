"""Shapes of the API of the labs. They check shape only; services check meaning and permission."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from labs.models import Run


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run without its curve."""

    ended = serializers.BooleanField(read_only=True)

    class Meta:
        model = Run
        fields: tuple[str, ...] = (
            "id",
            "lab",
            "state",
            "ended",
            "step",
            "steps",
            "params",
            "attempt",
            "held_out",
            "prediction",
            "spec",
            "result",
            "created_at",
            "started_at",
            "finished_at",
        )
        read_only_fields: tuple[str, ...] = fields


class RunDetailSerializer(RunSerializer):
    """A run with its facts and whole curve, as columns."""

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "info", "curve")
        read_only_fields = fields


class RunSubmitSerializer(serializers.Serializer[Any]):
    """What a submission says: a lab, settings over its preset, perhaps a prediction."""

    lab = serializers.CharField(max_length=50)
    spec = serializers.DictField(required=False, default=dict, help_text="Fields of RunSpec over the lab's preset")
    prediction = serializers.FloatField(required=False, allow_null=True, default=None, help_text="nats a token")
    forecast = serializers.DictField(
        required=False, default=dict, help_text="A ranking {kind, order} or a curve {kind, points}, where the lab asks"
    )
    idempotency_key = serializers.CharField(
        max_length=64, required=False, default="", help_text="The same key again is the same run; else one is made"
    )


class SampleSerializer(serializers.Serializer[Any]):
    """What the model wrote at a checkpoint."""

    step = serializers.IntegerField()
    prompt = serializers.CharField()
    text = serializers.CharField(help_text="The continuation alone")
    expected = serializers.CharField(default="", help_text="What would be right, where something is")


class EventsSerializer(serializers.Serializer[Any]):
    """Rows of a curve after a step."""

    state = serializers.CharField()
    ended = serializers.BooleanField()
    step = serializers.IntegerField(help_text="Ask with ?after= this next time")
    points = serializers.ListField(child=serializers.DictField())
    held_out = serializers.ListField(child=serializers.DictField())
    samples = SampleSerializer(many=True)
