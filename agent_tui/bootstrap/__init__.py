"""The only wiring: from settings and a repository to a session that can run or be read.

Nothing is imported here: who lists sessions does not load what runs them.
"""
