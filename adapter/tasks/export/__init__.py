"""What other programs need of a task's contract: JSON Schemas, Java classes, AsyncAPI. Pure and deterministic."""
