"""Traces by OpenTelemetry: the only package that imports it, and only where traces are configured."""
