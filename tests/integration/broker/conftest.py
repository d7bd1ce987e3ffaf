"""Fixtures and small steps of the broker tests."""

from tests.kit.rabbitmq import broker, prefix

__all__ = ["broker", "prefix"]
