"""Tokens: JSON Web Tokens of one issuer, verified with its published keys."""
