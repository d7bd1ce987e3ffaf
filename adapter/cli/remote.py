"""Talking to the running service by gRPC, for commands that change something."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from adapter.cli.credentials import CA, is_tls_wanted, open_channel
from adapter.cli.exits import Exit, fail
from adapter.operator_errors import UnreachableError
from adapter.settings import Settings

TIMEOUT_SECONDS = 30.0


@contextmanager
def channel_to(settings: Settings, address: str) -> Iterator[grpc.Channel]:
    """Open a channel; gRPC errors end the command with the reason and its exit code."""
    target = address or settings.grpc.listen
    over_tls = is_tls_wanted(settings.grpc.tls is not None)
    try:
        with open_channel(target, over_tls=over_tls) as channel:
            yield channel
    except grpc.RpcError as exc:
        call = cast("grpc.Call", exc)  # every error of a call is its call, too
        away = call.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
        status = rpc_status.from_call(call)
        if away and status is None:
            advice = "" if not over_tls else f" Its certificate must have that name, from an authority that {CA} holds."
            raise UnreachableError(
                f"no service answers at {target}. Start it with adapter serve, or name it with --address.{advice}"
            ) from exc
        reasons = [f"{reason}: " for reason in _reasons(status)]
        fail("".join([*reasons, call.details() or str(call.code())]), Exit.UNREACHABLE if away else Exit.JOB_FAILED)


def _reasons(status: status_pb2.Status | None) -> Iterator[str]:
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        if detail.Unpack(info):
            yield info.reason
