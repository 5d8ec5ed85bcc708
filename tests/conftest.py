"""What all tests share."""

from hypothesis import settings

# The machine may be busy: a law that holds slowly holds.
settings.register_profile("calcml", deadline=None)
settings.load_profile("calcml")
