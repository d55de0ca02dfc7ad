"""Housekeeping for tenants and the people who sign in."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command

from tenants import guessing, oauth
from tenants.idempotency import forget_old


@shared_task(name="tenants.forget_idempotency_keys", ignore_result=True)
def forget_idempotency_keys() -> None:
    """Delete answers kept for repeats longer than their 7 days."""
    forget_old()


@shared_task(name="tenants.forget_access_tokens", ignore_result=True)
def forget_access_tokens() -> None:
    """Delete OAuth access tokens that are of no use any more."""
    oauth.forget_old()


@shared_task(name="tenants.forget_wrong_passwords", ignore_result=True)
def forget_wrong_passwords() -> None:
    """Delete the counts of wrong passwords of more than a day ago."""
    guessing.forget_old()


@shared_task(name="tenants.clear_expired_sessions", ignore_result=True)
def clear_expired_sessions() -> None:
    """Delete the sessions of people who have been signed out by time."""
    call_command("clearsessions")
