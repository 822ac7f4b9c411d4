"""The log played through again, one entry at a time: what held, who had signed what, where each case stood.

Each module keeps the state that its checks need, and no entries, so a log of any length is read as a stream. State
follows the log even after a failed check, so that one failure does not hide or cause the next.
"""
