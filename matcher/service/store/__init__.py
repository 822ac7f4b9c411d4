"""What the service keeps: control data and the log in SQLite, submissions as encrypted columnar segments.

Functions here take an open transaction and know one table each; which act may change what is decided in acts/.
"""
