"""llm-adapter: legacy records in, trusted documents out."""
