"""Where things are, what is set, and which colours.

``paths.py``, ``early.py`` and ``themes.py`` do without pydantic, so that the first frame can be
painted before it is imported; ``settings.py`` validates everything after that.
"""
