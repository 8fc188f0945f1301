"""Models behind the port: each module serves one provider."""
