"""What other agents recorded, as sessions of ours.

A module for each format tells a :class:`~agent_tui.sessions.importers.builder.Builder` what it
reads; the builder makes events of it. Every line (or record) of a source ends in the account:
imported, kept raw, or dropped, with the reason. What a source does not say is not made up.

``load.py`` is the way in.
"""
