"""The one place that builds and wires everything: parts of the core, models, the broker side, the whole service."""
