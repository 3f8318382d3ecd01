"""Gradus: the portal that joins accounts, courses and labs."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
