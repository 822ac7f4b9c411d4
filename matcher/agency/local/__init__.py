"""What an answering agency finds in its own accounts, at home and in the clear, and sends as ``flags`` only.

settings.py says which rules and by which bounds; monthly.py are the rules over months of money in and out, accounts.py
those over an account's name and state; flows.py reads the monthly flows into store.py; applying.py adds the codes to
the accounts' rows before they become records. No amount, month or reason leaves here: codes do.
"""
