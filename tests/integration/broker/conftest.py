"""Fixtures of the broker tests."""

from tests.kit.rabbitmq import broker, fast, prefix

__all__ = ["broker", "fast", "prefix"]
