"""The gRPC face: translates calls into use cases, and what they return or raise into answers."""
