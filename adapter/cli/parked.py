"""`adapter parked`: messages that wait for a person. All of it asks the running service."""

import base64
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from llm_adapter.v1 import admin_service_pb2, admin_service_pb2_grpc
from rich.table import Table

from adapter.cli.console import output, print_bytes, print_json
from adapter.cli.exits import exit_codes
from adapter.cli.options import AddressOption, ConfigOption, JsonOption, settings_of
from adapter.cli.remote import TIMEOUT_SECONDS, channel_to

app = typer.Typer(help="Messages kept byte-identical, with reasons, to replay or discard.", no_args_is_help=True)
ParkedId = Annotated[str, typer.Argument(help="As `adapter parked list` shows it.")]


@app.command("list")
def list_parked(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
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
        table = Table()
        headings = ("parked_id", "reason", "detail", "task", "queue", "park_time", "replay_time")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(str(row.get(heading, "")) for heading in headings))
        output.print(table)


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
        output.print(f"replayed {parked_id}", highlight=False)


@app.command("discard")
def discard(parked_id: ParkedId, address: AddressOption = "", config: ConfigOption = None) -> None:
    """Delete a parked message for good."""
    with exit_codes(), channel_to(settings_of(config, quiet=True), address) as channel:
        stub = admin_service_pb2_grpc.AdminServiceStub(channel)
        stub.DiscardParked(admin_service_pb2.DiscardParkedRequest(parked_id=parked_id), timeout=TIMEOUT_SECONDS)
        output.print(f"discarded {parked_id}", highlight=False)
