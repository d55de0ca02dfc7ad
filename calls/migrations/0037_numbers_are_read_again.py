"""Read every stored number by today's rules: of contacts, lines and lists here, of calls in the background.

Calls may be millions: a request for each tenant has them read again in batches, from where it was interrupted, after all other
requests for matching. Running this twice changes nothing more.
"""

from django.db import IntegrityError, migrations, transaction

from contacts.phone import read_number

AT_ONCE = 1000
TABLES = (("contacts", "ContactNumber", "raw"), ("contacts", "IgnoredNumber", "number"), ("calls", "DoNotCall", "number"),
          ("calls", "Line", "number"))  # fmt: skip


def read_again(apps, schema_editor):
    countries = dict(apps.get_model("tenants", "Tenant").objects.values_list("pk", "country"))
    for app, name, column in TABLES:
        read_table(apps.get_model(app, name), column, countries)
    Request = apps.get_model("contacts", "RelinkRequest")
    Request.objects.bulk_create([Request(tenant_id=tenant) for tenant in countries])


def read_table(model, column, countries):
    rows, last = model.objects.order_by("pk"), None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE]):
        for row in batch:
            read_row(row, getattr(row, column), countries[row.tenant_id])
        last = batch[-1].pk


def read_row(row, text, country):
    """A row that is the same number as another now goes, where only one may have it; a line stays as it was then."""
    number = read_number(text, country)
    facts = {"match_key": number.key, "e164": number.e164}
    if not hasattr(row, "e164"):
        facts.pop("e164")
    if not number.key or all(getattr(row, name) == value for name, value in facts.items()):
        return
    try:
        with transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**facts)
    except IntegrityError:
        if row._meta.model_name != "line":
            row.delete()


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ("calls", "0036_legs_of_answered_calls"),
        ("contacts", "0009_unaccent"),
        ("tenants", "0015_tenant_area_code"),
    ]

    operations = [migrations.RunPython(read_again, migrations.RunPython.noop)]
