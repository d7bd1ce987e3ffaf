"""JSON Schema 2020-12 as contracts are written in: read, linted, checked exactly, and used to order keys."""
