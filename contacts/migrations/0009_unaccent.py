"""PostgreSQL's own way to leave out accents; Django's operation would want its driver on SQLite too."""

from django.db import migrations


def make_extension(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")


class Migration(migrations.Migration):

    dependencies = [("contacts", "0008_ignored_numbers")]

    operations = [migrations.RunPython(make_extension, migrations.RunPython.noop)]
