"""What the service does when asked: each act checks, appends to the log, checkpoints, then takes effect."""
