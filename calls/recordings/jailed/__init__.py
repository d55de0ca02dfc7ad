"""What runs inside the jail; see ``calls.recordings.jail``. Nothing in here is imported by the application."""
