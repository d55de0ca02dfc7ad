"""What workers do for the log. A task takes ids, may run twice, and calls one plain function."""

from __future__ import annotations

from celery import shared_task

from calls import batches, dialer, exports, fetching, ledger, missed, notices, retention, usage, webhooks
from calls.dialer import limits, recordings
from calls.uploads import listening, sweeping
from calls.webhooks import keeping
from calls.webhooks import notices as webhook_notices
from tenants.models import Tenant

RELINK_SECONDS = 15.0  # well below the time limit of a task; the next run goes on where this one stopped
RETENTION_SECONDS = 30.0  # the same
BATCH_SECONDS = 20.0  # the same
EXPORT_SECONDS = 20.0  # the same
STALE = 60  # seconds; a message that waited for so long says nothing new, as a sweep has sent another for the same row
HEARD_STALE = 300  # the same, for what is swept less often
NUMBERED_AT_ONCE = 200_000  # calls; as long as that takes, it is well below the time limit of a task


@shared_task(name="calls.relink_calls", ignore_result=True)
def relink_calls() -> None:
    """Match past calls anew where somebody's number or id has changed."""
    ledger.relink_waiting(seconds=RELINK_SECONDS)


@shared_task(name="calls.analyse_recording", ignore_result=True, expires=HEARD_STALE)
def analyse_recording(recording_id: str) -> None:
    """Listen to a recording: waveform, loudness, silence, who talks."""
    listening.listen(recording_id)


@shared_task(name="calls.analyse_recordings", ignore_result=True)
def analyse_recordings() -> None:
    """Have every recording listened to whose doorbell was lost."""
    for recording_id in listening.unheard():
        analyse_recording.delay(recording_id)


@shared_task(name="calls.expire_uploads", ignore_result=True)
def expire_uploads() -> None:
    """End uploads whose time is over, and finish those that a crash left half kept."""
    sweeping.expire_overdue()
    sweeping.finish_left_behind()


@shared_task(name="calls.sweep_uploads", ignore_result=True)
def sweep_uploads() -> None:
    """Remove audio that nothing refers to."""
    sweeping.sweep()


@shared_task(name="calls.number_calls", ignore_result=True)
def number_calls(tenant_ids: list[str]) -> None:
    """Number what a reader of a long log, on its first look, left unnumbered."""
    ledger.number_calls(list(Tenant.objects.filter(pk__in=tenant_ids)), at_most=NUMBERED_AT_ONCE)


@shared_task(name="calls.keep_retention", ignore_result=True)
def keep_retention() -> None:
    """Make the times of audio follow the rules that have changed."""
    retention.follow_rules(seconds=RETENTION_SECONDS)


@shared_task(name="calls.remove_expired_audio", ignore_result=True)
def remove_expired_audio() -> None:
    """Remove the audio whose time is over, for each tenant once a night; go on where an earlier try was broken off."""
    retention.run_due(seconds=RETENTION_SECONDS)


@shared_task(name="calls.roll_up_usage", ignore_result=True)
def roll_up_usage() -> None:
    """Count how much each tenant used, for every day on which calls have come or changed."""
    usage.roll_up(seconds=RETENTION_SECONDS)


@shared_task(name="calls.recount_usage", ignore_result=True)
def recount_usage() -> None:
    """Have the usage of the last five weeks counted anew, in case a change was missed."""
    usage.recount_lately()


@shared_task(name="calls.notify_people", ignore_result=True)
def notify_people() -> None:
    """Find what people are to be mailed: missed calls, digests, limits nearly used up; and mail what is due."""
    notices.find()
    for notice_id in notices.due():
        send_notice.delay(notice_id)


@shared_task(name="calls.send_notice", ignore_result=True, expires=STALE)
def send_notice(notice_id: str) -> None:
    """Mail somebody what is to be told."""
    notices.send(notice_id)


@shared_task(name="calls.forget_notices", ignore_result=True)
def forget_notices() -> None:
    """Forget mails of long ago."""
    notices.forget_old()


@shared_task(name="calls.place_call", ignore_result=True)
def place_call(origination_id: str) -> None:
    """Have an ordered call placed."""
    dialer.place_call(origination_id)


@shared_task(name="calls.hang_up_call", ignore_result=True)
def hang_up_call(origination_id: str) -> None:
    """Tell the exchange to end a call."""
    dialer.hang_up_call(origination_id)


@shared_task(name="calls.look_after_call", ignore_result=True, expires=STALE)
def look_after_call(origination_id: str) -> None:
    """Bring on a call whose doorbell was lost, whose worker died or whose exchange is silent."""
    dialer.look_after(origination_id)


@shared_task(name="calls.sweep_originations", ignore_result=True)
def sweep_originations() -> None:
    """Have every call looked after that should be further by now."""
    for origination_id in dialer.overdue():
        look_after_call.delay(origination_id)


@shared_task(name="calls.advance_simulated_calls", ignore_result=True)
def advance_simulated_calls() -> None:
    """Let simulated calls go on."""
    dialer.advance_simulated()


@shared_task(name="calls.fetch_recording", ignore_result=True, expires=STALE)
def fetch_recording(origination_id: str) -> None:
    """Bring the recording of a call home from its exchange."""
    recordings.fetch(origination_id)


@shared_task(name="calls.fetch_recordings", ignore_result=True)
def fetch_recordings() -> None:
    """Bring home every recording whose doorbell was lost or whose exchange was not there."""
    for origination_id in recordings.unfetched():
        fetch_recording.delay(origination_id)


@shared_task(name="calls.end_stuck_calls", ignore_result=True)
def end_stuck_calls() -> None:
    """End calls that ring or talk for ever, because nobody told their end."""
    for call_id in ledger.stuck_calls():
        ledger.give_up(call_id)


@shared_task(name="calls.fetch_own_recording", ignore_result=True, expires=STALE)
def fetch_own_recording(external_id: str) -> None:
    """Bring home what the exchange recorded of a call of its own."""
    recordings.fetch_own(external_id)


@shared_task(name="calls.fetch_own_recordings", ignore_result=True)
def fetch_own_recordings() -> None:
    """Bring home all that the exchange recorded of calls of its own."""
    for external_id in recordings.own_unfetched():
        fetch_own_recording.delay(external_id)


@shared_task(name="calls.fetch_link", ignore_result=True, expires=STALE)
def fetch_link(recording_id: str) -> None:
    """Bring the audio of a recording here that a link leads to."""
    fetching.fetch(recording_id)


@shared_task(name="calls.fetch_links", ignore_result=True)
def fetch_links() -> None:
    """Bring the audio of every link here that is due."""
    for recording_id in fetching.due():
        fetch_link.delay(recording_id)


@shared_task(name="calls.forget_dial_uses", ignore_result=True)
def forget_dial_uses() -> None:
    """Forget how much was dialled on days gone by."""
    limits.forget_old()


@shared_task(name="calls.tell_webhooks", ignore_result=True, expires=STALE)
def tell_webhooks(tenant_id: str) -> None:
    """Make the messages of a tenant's new events, and send what is due."""
    webhooks.answer(tenant_id)
    webhooks.fan_out(tenant_id)
    webhooks.deliver()


@shared_task(name="calls.deliver_webhooks", ignore_result=True, expires=STALE, is_rung=True)
def deliver_webhooks() -> None:
    """Send what is due."""
    webhooks.deliver()


@shared_task(name="calls.sweep_webhooks", ignore_result=True)
def sweep_webhooks() -> None:
    """Find the events, deliveries and notices whose doorbell was lost."""
    for tenant_id in webhooks.waiting():
        tell_webhooks.delay(tenant_id)
    for endpoint_id in webhook_notices.due():
        tell_endpoint_disabled.delay(endpoint_id)
    deliver_webhooks.delay()


@shared_task(name="calls.tell_endpoint_disabled", ignore_result=True, expires=STALE)
def tell_endpoint_disabled(endpoint_id: str) -> None:
    """Mail a tenant's owners that an endpoint was disabled."""
    webhook_notices.tell_disabled(endpoint_id)


@shared_task(name="calls.work_batch", ignore_result=True, expires=STALE)
def work_batch(batch_id: str) -> None:
    """Go on with what is done to many calls."""
    batches.work(batch_id, seconds=BATCH_SECONDS)


@shared_task(name="calls.sweep_batches", ignore_result=True)
def sweep_batches() -> None:
    """Have every batch gone on with whose doorbell was lost or whose worker died; forget those of long ago."""
    for batch_id in batches.waiting():
        work_batch.delay(batch_id)
    batches.forget_old()


@shared_task(name="calls.write_export", ignore_result=True, expires=STALE)
def write_export(export_id: str) -> None:
    """Write the next part of a file of calls."""
    exports.work(export_id, seconds=EXPORT_SECONDS)


@shared_task(name="calls.sweep_exports", ignore_result=True)
def sweep_exports() -> None:
    """Resume interrupted exports; remove files that have expired."""
    for export_id in exports.waiting():
        write_export.delay(export_id)
    exports.sweep()


@shared_task(name="calls.forget_deliveries", ignore_result=True)
def forget_deliveries() -> None:
    """Remove deliveries that are older than anybody may replay."""
    keeping.forget_old()


@shared_task(name="calls.follow_missed", ignore_result=True, expires=STALE)
def follow_missed(tenant_id: str) -> None:
    """Bring a tenant's queue of missed calls up to its log."""
    missed.follow(tenant_id)


@shared_task(name="calls.sweep_missed", ignore_result=True)
def sweep_missed() -> None:
    """Have every queue of missed calls brought up to its log that is behind."""
    for tenant_id in missed.waiting():
        follow_missed.delay(tenant_id)
