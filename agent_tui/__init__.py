"""Supervise coding agents: approve, edit or reject every step before git commits it."""

__version__ = "0.1.0"
