"""Whether and when a model may be called: its gate, its limits, and the order of use."""
