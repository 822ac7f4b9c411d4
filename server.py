"""Entry point `concordat-server`."""
