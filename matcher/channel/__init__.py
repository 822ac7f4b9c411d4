"""The client of the service's gRPC interface (client.py), for agencies and auditors; dialling.py opens connections."""
