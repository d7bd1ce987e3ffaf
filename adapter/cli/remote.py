"""Talking to the running service by gRPC, for commands that change something."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import grpc
from grpc_status import rpc_status

from adapter.cli.exits import Exit, UnreachableError, fail
from adapter.settings import Settings

TIMEOUT_SECONDS = 30.0


@contextmanager
def channel_to(settings: Settings, address: str) -> Iterator[grpc.Channel]:
    """Open a channel; gRPC errors end the command with the reason and its exit code."""
    target = address or settings.grpc.listen
    try:
        with grpc.insecure_channel(target) as channel:
            yield channel
    except grpc.RpcError as exc:
        call = cast("grpc.Call", exc)  # every error of a call is its call, too
        if rpc_status.from_call(call) is None and call.code() is grpc.StatusCode.UNAVAILABLE:
            raise UnreachableError(
                f"no service answers at {target}. Start it with adapter serve, or name it with --address."
            ) from exc
        fail(call.details() or str(call.code()), Exit.JOB_FAILED)
