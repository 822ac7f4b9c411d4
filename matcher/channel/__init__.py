"""The client of the service's gRPC interface, for agencies and auditors."""
