"""Migrations follow the models, and their names tell what they do."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL

OUR_APPS = {"accounts", "courses", "labs"}


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_app_with_models_has_migrations() -> None:
    assert {config.label for config in apps.get_app_configs() if config.label in OUR_APPS} == OUR_APPS
    assert {app for app, _ in MigrationLoader(None).disk_migrations if app in OUR_APPS} == OUR_APPS


def test_names_tell_what_a_migration_does() -> None:
    names = [name for app, name in MigrationLoader(None).disk_migrations if app in OUR_APPS]
    assert [name for name in names if "_auto_" in name] == []


def test_data_migrations_can_be_undone() -> None:
    ours = [migration for (app, _), migration in MigrationLoader(None).disk_migrations.items() if app in OUR_APPS]
    operations = [operation for migration in ours for operation in migration.operations]
    assert all(operation.reversible for operation in operations if isinstance(operation, RunPython | RunSQL))


@pytest.mark.django_db
def test_a_migrated_database_needs_no_further_migration() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
