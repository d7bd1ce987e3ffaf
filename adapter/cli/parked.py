"""`adapter parked`: messages that wait for a person. All of it asks the running service."""

import base64
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from llm_adapter.v1 import admin_service_pb2, admin_service_pb2_grpc

from adapter.cli.configured import settings_of
from adapter.cli.console import plain, print_bytes, print_json, print_text
from adapter.cli.exits import exit_codes
from adapter.cli.options import AddressOption, ConfigOption, JsonOption, LimitOption
from adapter.cli.remote import TIMEOUT_SECONDS, channel_to
from adapter.cli.tables import Column, print_table

app = typer.Typer(no_args_is_help=True)
_COLUMNS = (
    Column("parked_id"),
    Column("reason"),
    Column("detail", whole=False, rank=2),
    Column("task", rank=1),
    Column("queue", rank=5),
    Column("park_time", rank=3),
    Column("replay_time", rank=4),
)
ParkedId = Annotated[str, typer.Argument(help="As `adapter parked list` shows it.")]


@app.command("list")
def list_parked(
    limit: LimitOption = 50,
    address: AddressOption = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List parked messages, newest first."""
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        stub = admin_service_pb2_grpc.AdminServiceStub(channel)
        response = stub.ListParked(admin_service_pb2.ListParkedRequest(page_size=limit), timeout=TIMEOUT_SECONDS)
        rows = [MessageToDict(parked, preserving_proto_field_name=True) for parked in response.parked]
        if json:
            print_json(rows)
            return
        print_table(_COLUMNS, [[str(row.get(column.heading, "")) for column in _COLUMNS] for row in rows])


@app.command("show")
def show(
    parked_id: ParkedId,
    body: Annotated[bool, typer.Option("--body", help="Print only the body, byte-identical.")] = False,
    address: AddressOption = "",
    config: ConfigOption = None,
) -> None:
    """Print one parked message as JSON, or its body."""
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        stub = admin_service_pb2_grpc.AdminServiceStub(channel)
        request = admin_service_pb2.GetParkedRequest(parked_id=parked_id)
        row = MessageToDict(stub.GetParked(request, timeout=TIMEOUT_SECONDS).parked, preserving_proto_field_name=True)
        if body:
            print_bytes(base64.b64decode(row.get("body", "")))
        else:
            print_json(row)


@app.command("replay")
def replay(parked_id: ParkedId, address: AddressOption = "", config: ConfigOption = None) -> None:
    """Publish a parked message again, to the exchange and routing key it first came by."""
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        stub = admin_service_pb2_grpc.AdminServiceStub(channel)
        stub.ReplayParked(admin_service_pb2.ReplayParkedRequest(parked_id=parked_id), timeout=TIMEOUT_SECONDS)
        print_text(f"replayed {plain(parked_id)}")


@app.command("discard")
def discard(parked_id: ParkedId, address: AddressOption = "", config: ConfigOption = None) -> None:
    """Delete a parked message for good."""
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        stub = admin_service_pb2_grpc.AdminServiceStub(channel)
        stub.DiscardParked(admin_service_pb2.DiscardParkedRequest(parked_id=parked_id), timeout=TIMEOUT_SECONDS)
        print_text(f"discarded {plain(parked_id)}")
