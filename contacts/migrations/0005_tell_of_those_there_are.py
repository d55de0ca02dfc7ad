from django.db import migrations

AT_ONCE = 1000


def tell(apps, schema_editor):
    """One event for each company, contact and agent, so that readers who begin at the beginning learn of all."""
    event = apps.get_model("contacts", "ContactEvent")
    for subject in ("Company", "Contact", "Agent"):
        rows = apps.get_model("contacts", subject).objects.order_by("created_at", "pk").values_list("tenant_id", "pk")
        event.objects.bulk_create(
            (
                event(tenant_id=tenant, subject=subject.lower(), row_id=key, change="created", place=0)
                for tenant, key in rows.iterator(AT_ONCE)
            ),
            batch_size=AT_ONCE,
        )


class Migration(migrations.Migration):

    dependencies = [("contacts", "0004_contact_event")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
