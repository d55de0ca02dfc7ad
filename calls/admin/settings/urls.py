"""The addresses of the settings, below the admin's."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from calls.admin.settings import pages

urlpatterns = [
    path("", admin.site.admin_view(pages.overview), name="settings"),
    path("connect/", admin.site.admin_view(pages.connect), name="settings_connect"),
    path("connect/<slug:vendor>/", admin.site.admin_view(pages.connect_vendor), name="settings_connect_vendor"),
]
