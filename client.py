"""Entry point `concordat`."""
