"""Work that nobody waits for. Sent by the beat to the control worker."""

from __future__ import annotations

from celery import shared_task

from courses.quizzes import services


@shared_task
def attempts_close_expired() -> int:
    """Grade attempts whose time is over, so that progress and reports are true without anybody looking."""
    return services.attempts_close_expired()
