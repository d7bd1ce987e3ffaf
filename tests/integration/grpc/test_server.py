"""The server's settings, health, reflection, start and stop, over real sockets."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from llm_adapter.v1 import job_pb2
from llm_adapter.v1.job_service_pb2 import GetJobRequest, RunJobRequest

from adapter.domain.job import Job
from adapter.inbound.grpc.server import GrpcServerSettings, ListenError, channel_options
from tests.integration.grpc.fakes import DEADLINE_SECONDS, JOB, RUN, FakeJobService, Running, serving

ANYWHERE = "127.0.0.1:0"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
MEBIBYTE = 1024 * 1024


async def health_of(client: Running, name: str) -> int:
    check = client.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    return int((await check(health_pb2.HealthCheckRequest(service=name))).status)


class Gate:
    """A job that ends when the test says so."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, _: object) -> Job:
        self.begun.set()
        await self.may_end.wait()
        return JOB


async def test_health_says_that_calls_are_taken_and_the_services_follow() -> None:
    async with serving() as client:
        assert await health_of(client, "") == SERVING
        assert await health_of(client, "llm_adapter.v1.JobService") == SERVING
        await client.server.set_serving("", serving=False)
        assert await health_of(client, "") == NOT_SERVING
        assert await health_of(client, "llm_adapter.v1.JobService") == NOT_SERVING


async def test_the_health_of_a_part_has_a_name_of_its_own_and_never_flips_the_whole() -> None:
    async with serving() as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await health_of(client, "broker")
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
        await client.server.set_serving("broker", serving=False)
        assert (await health_of(client, "broker"), await health_of(client, "")) == (NOT_SERVING, SERVING)


async def listed_services(client: Running) -> set[str]:
    reflect = client.channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    call = reflect(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    return {service.name async for answer in call for service in answer.list_services_response.service}


async def test_reflection_lists_the_services() -> None:
    async with serving() as client:
        names = await listed_services(client)
    assert {f"llm_adapter.v1.{name}" for name in ("JobService", "TaskService", "AdminService")} <= names


async def test_reflection_can_be_switched_off() -> None:
    async with serving(settings=GrpcServerSettings(listen=ANYWHERE, reflection=False)) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await listed_services(client)
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_taken_port_is_an_error_that_names_address_and_cause() -> None:
    async with serving() as first:
        address = f"127.0.0.1:{first.port}"
        with pytest.raises(ListenError, match=rf"{address} .*Address already in use.*grpc\.listen"):
            async with serving(settings=GrpcServerSettings(listen=address)):
                pass


async def test_an_address_of_another_machine_is_an_error_as_well() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:0"):
        async with serving(settings=GrpcServerSettings(listen="192.0.2.1:0")):
            pass


PINGING = (
    ("grpc.keepalive_time_ms", 200),  # gRPC's core makes one second of it
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)


async def test_a_client_that_pings_is_cut_off_only_when_it_pings_more_often_than_allowed() -> None:
    """The strict server proves that the setting is what keeps the silent call and the idle connection alive."""
    gate = Gate()
    strict = serving(FakeJobService(gate), channel_options=PINGING)
    tolerant = [
        serving(
            FakeJobService(gate),
            settings=GrpcServerSettings(listen=ANYWHERE, min_ping_interval_seconds=0.5),
            channel_options=PINGING,
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(DEADLINE_SECONDS), strict as refused, tolerant[0] as calling, tolerant[1] as idle:
        call = calling.jobs.RunJob(RUN)
        await idle.channel.channel_ready()
        losing = asyncio.create_task(idle.channel.wait_for_state_change(grpc.ChannelConnectivity.READY))
        assert await refused.jobs.RunJob(RUN).code() is grpc.StatusCode.UNAVAILABLE
        assert not losing.done()
        gate.may_end.set()
        assert await call.code() is grpc.StatusCode.OK
        losing.cancel()


def test_java_clients_may_ping_each_ten_seconds() -> None:
    options = dict(channel_options(GrpcServerSettings()))
    assert options["grpc.http2.min_ping_interval_without_data_ms"] == 5_000
    assert options["grpc.keepalive_permit_without_calls"] == 1


async def test_an_old_connection_is_asked_to_come_again() -> None:
    settings = GrpcServerSettings(listen=ANYWHERE, max_connection_age_seconds=0.3, max_connection_age_grace_seconds=20)
    gate = Gate()
    async with serving(FakeJobService(gate), settings=settings) as client, asyncio.timeout(DEADLINE_SECONDS):
        call = client.jobs.RunJob(RUN)
        await gate.begun.wait()
        await client.channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
        gate.may_end.set()
        assert (await call).job.job_id == "j-1"
        assert (await client.jobs.GetJob(GetJobRequest(job_id="j-1"))).job.job_id == "j-1"


def payload_of(size: int) -> RunJobRequest:
    return RunJobRequest(task="t", payload=job_pb2.Payload(content=b"x" * size))


async def test_a_message_of_15_mib_passes_and_one_over_16_is_refused_by_the_transport() -> None:
    service = FakeJobService()
    async with serving(service) as client:
        await client.jobs.RunJob(payload_of(15 * MEBIBYTE))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(payload_of(16 * MEBIBYTE + 1))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(service.ran) == 1


async def test_metadata_of_15_kib_passes_and_more_than_16_is_refused() -> None:
    async with serving() as client:
        await client.jobs.RunJob(RUN, metadata=(("x-padding", "x" * 15 * 1024),))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(RUN, metadata=(("x-padding", "x" * 16 * 1024),))
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await client.jobs.RunJob(RUN)).job.job_id == "j-1"


async def test_a_stop_lets_running_calls_end_and_says_not_serving_meanwhile() -> None:
    gate = Gate()
    async with serving(FakeJobService(gate)) as client, asyncio.timeout(DEADLINE_SECONDS):
        watch_health = client.channel.unary_stream(
            "/grpc.health.v1.Health/Watch",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        watch = watch_health(health_pb2.HealthCheckRequest())
        states = aiter(watch)
        assert (await anext(states)).status == SERVING
        call = client.jobs.RunJob(RUN)
        await gate.begun.wait()
        stopping = asyncio.create_task(client.server.stop(DEADLINE_SECONDS))
        assert (await anext(states)).status == NOT_SERVING
        watch.cancel()
        gate.may_end.set()
        assert (await call).job.job_id == "j-1"
        await stopping


async def test_a_stopped_server_takes_no_calls() -> None:
    async with serving() as client:
        await client.server.stop(0)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.jobs.RunJob(RUN)
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_stop_ends_calls_that_outlive_the_grace() -> None:
    gate = Gate()
    async with serving(FakeJobService(gate)) as client, asyncio.timeout(DEADLINE_SECONDS):
        call = client.jobs.RunJob(RUN)
        await gate.begun.wait()
        await client.server.stop(0.1)
        assert await call.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
