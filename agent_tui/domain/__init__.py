"""What a session *is*: values, events, and the pure fold from events to state.

Nothing here does I/O, knows the clock, or imports anything but pydantic and the standard library.
"""
