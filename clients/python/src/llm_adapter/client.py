"""The synchronous client. Its methods are the calls of calls.py, sent and waited for."""

import time
from collections.abc import Callable, Iterator
from functools import wraps
from types import MethodType, TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, Unpack, overload

import grpc

from llm_adapter import calls
from llm_adapter.calls import Call
from llm_adapter.connection import DEFAULT_ADDRESS, Connection, Options
from llm_adapter.errors import error_of_call
from llm_adapter.job import Job, Progress
from llm_adapter.retries import Retries
from llm_adapter.v1 import job_service_pb2_grpc

P = ParamSpec("P")
T = TypeVar("T")


class _Method(Generic[P, T]):
    """A method with the parameters of a call that sends it and returns its answer."""

    def __init__(self, plan: Callable[P, Call[T]]) -> None:
        @wraps(plan)
        def method(client: "AdapterClient", *args: P.args, **kwargs: P.kwargs) -> T:
            return client.send(plan(*args, **kwargs))

        method.__dict__["__signature__"] = calls.method_signature(plan)
        self._method = method

    @overload
    def __get__(self, client: None, owner: type) -> "Callable[Concatenate[AdapterClient, P], T]": ...
    @overload
    def __get__(self, client: "AdapterClient", owner: type) -> Callable[P, T]: ...
    def __get__(self, client: "AdapterClient | None", owner: type) -> Any:
        """Bind as a function does."""
        return self._method if client is None else MethodType(self._method, client)


class AdapterClient(Connection):
    """Calls one adapter and waits. Safe to share between threads; close it, or use it as a context manager."""

    def __init__(self, address: str = DEFAULT_ADDRESS, **options: Unpack[Options]) -> None:
        """Take the options of Options; nothing is connected before the first call."""
        super().__init__(address, **options)
        if self._credentials is None:
            self._channel = grpc.insecure_channel(self.address, self._channel_options)
        else:
            self._channel = grpc.secure_channel(self.address, self._credentials, self._channel_options)
        self._stub = job_service_pb2_grpc.JobServiceStub(self._channel)

    run = _Method(calls.run)
    submit = _Method(calls.submit)
    get = _Method(calls.get)
    list = _Method(calls.list_jobs)
    cancel = _Method(calls.cancel)

    def watch(
        self, job_id: str = "", *, request_id: str = "", timeout_seconds: float | None = None
    ) -> Iterator[Job | Progress]:
        """As calls.watch."""
        call = calls.watch(job_id, request_id=request_id, timeout_seconds=timeout_seconds)
        retries = self._retries(call)
        while True:
            try:
                for event in self._sent(call, retries):
                    retries.succeeded()
                    yield call.read(event)
            except grpc.RpcError as exc:
                _wait_for_next_try(retries, call, exc)
            else:
                return

    def send(self, call: Call[T]) -> T:
        """Send a call, again where that is safe and helps, until it ends or its time is over. Raises AdapterError."""
        retries = self._retries(call)
        while True:
            try:
                return call.read(self._sent(call, retries))
            except grpc.RpcError as exc:
                _wait_for_next_try(retries, call, exc)

    def _sent(self, call: Call[Any], retries: Retries) -> Any:
        method = getattr(self._stub, call.rpc)
        return method(call.request, timeout=retries.seconds_left, metadata=self._metadata())

    def close(self) -> None:
        """End the connection and the calls on it."""
        self._channel.close()

    def __enter__(self) -> Self:
        """Give the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _wait_for_next_try(retries: Retries, call: Call[Any], failure: grpc.RpcError) -> None:
    error = error_of_call(failure, call.request_id)
    pause_seconds = retries.pause_after(error)
    if pause_seconds is None:
        raise error from failure
    time.sleep(pause_seconds)
