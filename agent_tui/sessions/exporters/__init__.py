"""Sessions for other programs and for people: each format a module, all from a redacted session.

``prepare.py`` redacts, and counts what it took out; the other modules get its result.
"""
