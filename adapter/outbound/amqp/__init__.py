"""Sending what was stored: the relay from the publications table to the broker."""
