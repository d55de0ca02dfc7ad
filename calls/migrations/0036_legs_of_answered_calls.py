"""What rang while an answered call with the same number did is a leg of it, also among the calls that are in the log."""

from datetime import timedelta

from django.db import migrations, models
from django.db.models import F, OuterRef, Q

LONGEST, SAME_START = timedelta(hours=24), timedelta(seconds=1)
OUTSIDE = ("inbound", "outbound")
IN_VAIN = ("no_answer", "busy", "cancelled", "rejected", "failed")


def settle(apps, schema_editor):
    """Mark the legs in the log, and have the queues of missed calls of their tenants worked out again from the log."""
    Call, MissedCursor = apps.get_model("calls", "Call"), apps.get_model("calls", "MissedCursor")
    is_same = Q(remote_e164=OuterRef("remote_e164")) | Q(remote_e164="") | Q(key=OuterRef("remote_e164"))
    talks = Call.objects.alias(key=models.Value("", output_field=models.CharField())).filter(
        is_same,
        Q(ended_at__gt=OuterRef("started_at")) | Q(started_at__gt=OuterRef("started_at") - SAME_START),
        tenant=OuterRef("tenant"),
        remote_key=OuterRef("remote_key"),
        started_at__gt=OuterRef("started_at") - LONGEST,
        started_at__lt=OuterRef("started_at") + SAME_START,
        state="ended",
        disposition="answered",
        direction__in=OUTSIDE,
    )
    rang = Call.objects.filter(direction="inbound", disposition__in=IN_VAIN).exclude(remote_key="")
    rang.filter(models.Exists(talks)).update(is_answered_elsewhere=True, version=F("version") + 1)
    has_legs = Call.objects.filter(tenant=OuterRef("pk"), is_answered_elsewhere=True)
    MissedCursor.objects.filter(models.Exists(has_legs)).update(transaction=0, event=0)


class Migration(migrations.Migration):

    dependencies = [
        ("calls", "0035_webhook_wake_ups"),
        ('contacts', '0008_ignored_numbers'),
        ('tenants', '0011_outcomes_may_be_mandatory'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='call',
            name='call_list',
        ),
        migrations.AddField(
            model_name='call',
            name='is_answered_elsewhere',
            field=models.BooleanField(default=False, editable=False, help_text='It rang while an answered call with the same number did: a leg of that one, and not missed.'),
        ),
        migrations.RunPython(settle, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(fields=['tenant', '-started_at', '-id', 'direction', 'disposition', 'is_answered_elsewhere', 'remote_key', 'ring_ms', 'talk_ms', 'agent', 'company', 'line', 'center'], name='call_list'),
        ),
    ]
