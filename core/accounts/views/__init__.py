"""Sign-in, second factor, profile."""
