"""What we call: models, the database, the broker, the task folders."""
