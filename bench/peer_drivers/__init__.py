"""Programs that run inside the peers' own environments (peers.py); they import nothing of ours."""
