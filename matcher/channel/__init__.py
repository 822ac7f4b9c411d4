"""The client of the service's gRPC interface, for agencies and auditors."""

from matcher.channel.client import Channel as Channel
