"""Pure functions from a session's state to rows and lines of styled text."""
