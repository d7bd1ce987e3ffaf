"""Messages and stubs of package llm_adapter.v1, generated from proto/ by proto/generate.py."""
