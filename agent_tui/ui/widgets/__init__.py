"""Widgets that take data and post messages. They know nothing of sessions, git or models."""
