"""Template tags that pages of the apps below ask for calls with."""
