"""The gRPC contract of llm-adapter for Python callers; see llm_adapter.v1."""
