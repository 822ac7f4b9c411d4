"""The Daxing demonstration: makes data and drives the real commands as separate processes."""
