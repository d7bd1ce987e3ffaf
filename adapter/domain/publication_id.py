"""The message_id of an answer: the same whenever the same answer goes the same way again."""

import json
from uuid import UUID, uuid5

from adapter.domain.job import Route

_NAMESPACE = UUID("6f0f4f4e-3c0b-5d0e-9b57-1f6a3f6f2b11")


def publication_id(job_id: str, revision: int, route: Route) -> str:
    """UUIDv5 of job, revision, exchange, routing key and correlation id."""
    name = json.dumps([job_id, revision, route.exchange, route.routing_key, route.correlation_id])
    return str(uuid5(_NAMESPACE, name))
