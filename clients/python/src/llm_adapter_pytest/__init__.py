"""The pytest plugin of the client; apart from it, so that a test run that does not use it imports nothing of it."""
