"""Measurements. Each prints the machine beside its figures; nothing here is a test."""
