"""Calls to models: OpenAI-compatible endpoints, and the small real model that can run beside them."""
