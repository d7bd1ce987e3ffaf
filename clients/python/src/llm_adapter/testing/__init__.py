"""Adapters for the tests of callers: a fake one inside the test, and the real one with simulated models."""

from llm_adapter.testing.fake_adapter import FakeAdapter
from llm_adapter.testing.fake_jobs import Received
from llm_adapter.testing.simulated_adapter import SimulatedAdapter, SimulatedAdapterError

__all__ = ["FakeAdapter", "Received", "SimulatedAdapter", "SimulatedAdapterError"]
