"""One job, start to finish; one module per step. Read run.py first."""
