"""The client of the service's gRPC interface, for agencies and auditors; dialling.py opens connections."""

from matcher.channel.client import Channel as Channel
