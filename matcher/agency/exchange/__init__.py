"""Signed messages with the service and the other parties: sent, received, remembered; and trust in the log."""
