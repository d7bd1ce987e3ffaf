"""Several workers under one parent: it keeps the ports, restarts who dies, and speaks for all."""
