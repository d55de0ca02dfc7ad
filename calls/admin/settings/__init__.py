"""A tenant's settings in one place: what there is and how it stands, and how other systems are connected."""
