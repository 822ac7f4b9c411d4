"""What all sides agree on, pure: no I/O, no clock, no randomness."""
