"""The simulated model: answers any strict schema deterministically, and misbehaves on request."""
