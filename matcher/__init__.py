"""Concordat: compare records of two authorities without showing them."""
