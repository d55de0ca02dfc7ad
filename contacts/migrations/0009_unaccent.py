"""Find names without regard to accents on PostgreSQL."""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("contacts", "0008_ignored_numbers")]

    operations = [UnaccentExtension()]
