"""Admin pages of tenants, their people, centers, tokens and applications."""

from django.contrib import admin
from django.contrib.auth.models import Group

from tenants.admin import center, member, notifications, oauth, tenant, token, user  # noqa: F401 - they register themselves

admin.site.unregister(Group)  # what staff may do follows from their role in a tenant, never from groups
