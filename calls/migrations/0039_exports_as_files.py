
import django.db.models.deletion
import tenants.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("calls", "0038_webhook_limits"),
        ('tenants', '0015_tenant_area_code'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CallExport',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('query', models.TextField(blank=True)),
                ('columns', models.JSONField(default=list)),
                ('zone', models.CharField(max_length=64)),
                ('language', models.CharField(max_length=16)),
                ('center_key', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('running', 'In progress'), ('done', 'Ready'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('expired', 'Removed')], default='queued', max_length=16)),
                ('total', models.PositiveIntegerField(null=True)),
                ('written', models.PositiveIntegerField(default=0)),
                ('size_bytes', models.BigIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=16)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('claimed_until', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='ExportPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('storage_key', models.CharField(max_length=120, unique=True)),
                ('size_bytes', models.BigIntegerField()),
                ('written', models.PositiveIntegerField()),
                ('position', models.JSONField(null=True)),
                ('export', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='calls.callexport')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.AddIndex(
            model_name='callexport',
            index=models.Index(fields=['user', '-created_at'], name='export_of_user'),
        ),
        migrations.AddIndex(
            model_name='callexport',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['created_at'], name='export_unfinished'),
        ),
        migrations.AddIndex(
            model_name='callexport',
            index=models.Index(condition=models.Q(('state', 'done')), fields=['expires_at'], name='export_expires'),
        ),
        migrations.AddConstraint(
            model_name='exportpart',
            constraint=models.UniqueConstraint(fields=('export', 'number'), name='export_part_once'),
        ),
    ]
