"""Recordings of model calls: files that a person can read, without personal data, replayed without an endpoint."""
