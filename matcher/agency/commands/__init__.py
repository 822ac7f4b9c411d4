"""The agency's commands; each module's ``register`` adds its own."""
