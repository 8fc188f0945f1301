"""The demo: a small real project, a script for the models, and a repository made from both."""
