"""From payload to record: decode ▸ check input; large payloads in a thread."""

import asyncio
from typing import Any

from adapter.domain.payload import Payload
from adapter.errors import PayloadTooLarge
from adapter.pipeline.check_input import check_input
from adapter.pipeline.decode import decode
from adapter.ports import NO_TRACER, Tracer
from adapter.tasks.task import Task

# Larger payloads are decoded off the loop: lxml and json hold it for milliseconds by then.
OFFLOAD_BYTES = 65_536


async def read_record(task: Task, payload: Payload, limit_bytes: int, tracer: Tracer = NO_TRACER) -> Any:
    """Decode and check the input. Raises PayloadTooLarge, PayloadUnreadable, InputInvalid."""
    size = len(payload.content)
    if size > limit_bytes:
        raise PayloadTooLarge(
            f"The payload has {size} bytes, the limit is {limit_bytes}. {PayloadTooLarge().message}",
            metadata={"bytes": str(size), "limit": str(limit_bytes)},
        )
    if size > OFFLOAD_BYTES:
        return await asyncio.to_thread(_read, task, payload, tracer)
    return _read(task, payload, tracer)


def _read(task: Task, payload: Payload, tracer: Tracer) -> Any:
    section = task.definition.input
    with tracer.span("decode"):
        decoded = decode(payload, section.formats, section.assume, section.map, task.input.schema, task.layout)
    with tracer.span("check_input"):
        check_input(decoded.record, task.input)
    return decoded.record
