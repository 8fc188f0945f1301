"""The loop: roles, gates, tools and limits. It runs without a screen."""
