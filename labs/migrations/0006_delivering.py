"""Exports, tables of learners, and labs that authors have changed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import labs.export.states


class Migration(migrations.Migration):
    dependencies = [
        ("labs", "0005_branches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="kind",
            field=models.CharField(default="text", help_text="text, labelled or pairs", max_length=10),
        ),
        migrations.AddField(
            model_name="upload",
            name="facts",
            field=models.JSONField(
                default=dict, help_text="of a table: rows, duplicates, train, held_out, columns, classes"
            ),
        ),
        migrations.CreateModel(
            name="UploadDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("size", models.PositiveIntegerField(help_text="bytes")),
                ("lab", models.SlugField(help_text="the lab that it was sent from")),
                (
                    "recipe",
                    models.TextField(blank=True, help_text="the recipe that was in its panel, as a query string"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="upload_drafts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "table to look at",
                "verbose_name_plural": "tables to look at",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=labs.export.states.kind_choices, max_length=12)),
                (
                    "state",
                    models.CharField(choices=labs.export.states.stage_choices, default="waiting", max_length=10),
                ),
                (
                    "result",
                    models.JSONField(default=dict, help_text="`files` with their sizes, or the comparison of a check"),
                ),
                ("error", models.CharField(blank=True, help_text="see labs.export.wording", max_length=40)),
                ("cancel_requested_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, help_text="names the worker that may end it", null=True),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="exports", to="labs.run"
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "working"])),
                        fields=["state", "created_at"],
                        name="export_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "working"])),
                        fields=("run", "kind"),
                        name="one_open_export_of_kind",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LabVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField()),
                ("number", models.PositiveIntegerField(help_text="1, 2, 3 … of this slug")),
                (
                    "files",
                    models.JSONField(default=dict, help_text="text by name; empty: back to the files that are shipped"),
                ),
                ("published_at", models.DateTimeField(auto_now_add=True)),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a lab",
                "verbose_name_plural": "versions of labs",
                "ordering": ["-pk"],
                "constraints": [models.UniqueConstraint(fields=("slug", "number"), name="one_lab_version_of_number")],
            },
        ),
        migrations.CreateModel(
            name="LabDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True)),
                ("files", models.JSONField(default=dict, help_text="text by name")),
                (
                    "revision",
                    models.PositiveIntegerField(
                        default=1, help_text="grows with each change; an older page is refused"
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "draft of a lab",
                "verbose_name_plural": "drafts of labs",
                "ordering": ["slug"],
            },
        ),
    ]
