"""Read companies' phones, by which calls are matched; past calls with them are matched again."""

from django.db import migrations, models

from contacts.phone import read_number
from tenants.place import Place

AT_ONCE = 1000


def read_phones(apps, schema_editor):
    tenants = apps.get_model("tenants", "Tenant").objects.values_list("pk", "country", "area_code")
    places = {key: Place(country, area_code) for key, country, area_code in tenants}
    Company = apps.get_model("contacts", "Company")
    rows, last = Company.objects.exclude(phone="").order_by("pk"), None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:AT_ONCE]):
        for company in batch:
            number = read_number(company.phone, places[company.tenant_id])
            company.e164, company.match_key = number.e164, number.key
        Company.objects.bulk_update(batch, ["e164", "match_key"])
        match_again(apps.get_model("contacts", "RelinkRequest"), batch)
        last = batch[-1].pk


def match_again(Request, companies):
    keys = {(company.tenant_id, company.match_key) for company in companies if company.match_key}
    Request.objects.bulk_create(Request(tenant_id=tenant, match_key=key) for tenant, key in keys)


class Migration(migrations.Migration):

    dependencies = [("contacts", "0009_unaccent"), ("tenants", "0015_tenant_area_code")]

    operations = [
        migrations.AddField(
            model_name="company",
            name="e164",
            field=models.CharField(blank=True, editable=False, max_length=16, verbose_name="E.164"),
        ),
        migrations.AddField(
            model_name="company",
            name="match_key",
            field=models.CharField(blank=True, editable=False, max_length=16),
        ),
        migrations.AlterField(
            model_name="company",
            name="phone",
            field=models.CharField(
                blank=True,
                help_text="As people write it. Calls with it that no contact has are linked to the company.",
                max_length=64,
            ),
        ),
        migrations.AddIndex(
            model_name="company",
            index=models.Index(fields=["tenant", "match_key"], name="company_by_key"),
        ),
        migrations.RunPython(read_phones, migrations.RunPython.noop),
    ]
