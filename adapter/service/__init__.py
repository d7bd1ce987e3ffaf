"""The use cases: run, submit, cancel, dedupe, hold, answer."""
