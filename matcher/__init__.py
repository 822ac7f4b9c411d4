"""Concordat: compare records of two authorities without showing them."""

VERSION = "0.2.0"
