"""The terminal front end. Modules outside ``render/`` are light: they are imported before the first
paint, so they know no domain values; ``render/`` turns values into rows and is imported behind it.
"""
