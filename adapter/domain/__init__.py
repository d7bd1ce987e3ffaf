"""Values: what a job, its payload, its replies and its outcome are. No I/O, no libraries of the edges."""
