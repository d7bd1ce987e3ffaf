"""A record as text for a model: labelled lines, tables for lists, always fenced."""
