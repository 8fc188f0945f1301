"""Session logs on disk: written durably, read with suspicion, replayed without a clock.

``log.py`` writes, ``reader.py`` reads and names damage, ``store.py`` finds sessions,
``packed.py`` makes one file of a session, ``replay.py`` steps through one.
"""
