"""Give the members there are their numbers, in the order in which they came."""

from django.db import migrations


def number_members(apps, schema_editor):
    Membership = apps.get_model("tenants", "Membership")
    MemberNumbering = apps.get_model("tenants", "MemberNumbering")
    last = {}
    for member in Membership.objects.filter(number=None).order_by("created_at", "pk").only("pk", "tenant_id"):
        last[member.tenant_id] = last.get(member.tenant_id, 0) + 1
        Membership.objects.filter(pk=member.pk).update(number=last[member.tenant_id])
    MemberNumbering.objects.bulk_create([MemberNumbering(tenant_id=tenant, last=number) for tenant, number in last.items()])


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_oauth_apps_and_member_numbers")]
    operations = [migrations.RunPython(number_members, migrations.RunPython.noop)]
