"""`adapter doctor`: checks every part, says what to fix and who owns it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict

import typer

from adapter.bootstrap.broker import topology_problems
from adapter.bootstrap.catalogue import read_catalogue
from adapter.bootstrap.models import build_models, close_models
from adapter.cli.configured import settings_of
from adapter.cli.console import cell, print_json
from adapter.cli.doctor_doors import examine_doors
from adapter.cli.doctor_traces import examine_traces
from adapter.cli.exits import Exit, exit_codes
from adapter.cli.finding import Finding
from adapter.cli.options import ConfigOption, JsonOption
from adapter.cli.tables import Column, print_table
from adapter.domain.model import ModelRequest, Turn
from adapter.errors import CallError, CallMisconfigured, StoreUnavailable
from adapter.operator_errors import ConfigurationError, UnreachableError
from adapter.outbound.metrics import Metrics
from adapter.outbound.models.providers import PROVIDERS
from adapter.outbound.sql import migrate
from adapter.outbound.sql.engine import parse_url, sqlite_path
from adapter.pipeline.availability.gated_model import GatedModel
from adapter.secret import reveal
from adapter.settings import Settings
from adapter.settings_cassettes import Cassettes
from adapter.tasks.catalogue import Catalogue

_MODEL_TIMEOUT_SECONDS = 30.0
_PROBE_SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}


def command(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check configuration, doors, database, broker, topology and models (one small call each); exit 4 on a problem."""
    with exit_codes():
        settings = settings_of(config, quiet=True)
        catalogue = read_catalogue(settings)
        findings = asyncio.run(_examine(settings, catalogue))
        if json:
            print_json([asdict(finding) | {"ok": not finding.problem} for finding in findings])
        else:
            _print(findings)
        if any(finding.problem for finding in findings):
            raise typer.Exit(Exit.UNREACHABLE)


async def _examine(settings: Settings, catalogue: Catalogue) -> list[Finding]:
    tasks = ", ".join(task.ref for task in catalogue.all())
    findings = [Finding("configuration", detail="valid"), Finding("tasks", detail=tasks), _database(settings)]
    findings += await examine_doors(settings, catalogue)
    findings += [finding async for finding in _broker(settings, catalogue)]
    findings += await examine_traces(settings)
    findings += await asyncio.gather(*(_model(settings, catalogue, name) for name in settings.models))
    return findings


def _database(settings: Settings) -> Finding:
    try:
        url = reveal(settings.database.url)
        parsed = parse_url(url)
    except ConfigurationError as exc:
        return Finding("database", str(exc), "operator")
    path = sqlite_path(parsed)
    if path is not None and not path.exists():
        if path.parent.is_dir():
            return Finding("database", detail=f"{path} will be created at start")
        problem = f"the folder {path.parent} does not exist; create it, or change database.url"
        return Finding("database", problem, "operator")
    try:
        problems = migrate.check(url)
    except StoreUnavailable as exc:
        problems = [exc.message]
    shown = parsed.render_as_string(hide_password=True)
    return Finding("database", "; ".join(problems), "operator" if problems else "", shown)


async def _broker(settings: Settings, catalogue: Catalogue) -> AsyncIterator[Finding]:
    if settings.amqp is None:
        yield Finding("broker", detail="none is configured: gRPC only")
        return
    try:
        problems = await topology_problems(settings.amqp, catalogue)
    except ConfigurationError as exc:
        yield Finding("broker", str(exc), "operator")
        return
    except UnreachableError as exc:
        yield Finding("broker", str(exc), "owner of the broker")
        return
    yield Finding("broker", detail="connected")
    if settings.amqp.topology == "declare" and problems:
        yield Finding("topology", detail="is declared at start; now: " + "; ".join(problems))
    else:
        yield Finding("topology", "; ".join(problems), "owner of the broker" if problems else "", "as it must be")


async def _model(settings: Settings, catalogue: Catalogue, name: str) -> Finding:
    replay = settings.cassettes.replay
    only = {"models": {name: settings.models[name]}, "cassettes": Cassettes(replay=replay)}
    try:
        models = build_models(settings.model_copy(update=only), catalogue, Metrics())
    except ConfigurationError as exc:
        return Finding(f"model {name}", str(exc), "operator")
    if replay is not None:
        return Finding(f"model {name}", detail=f"is not called: its recordings in {replay} are replayed")
    try:
        return await _asked(settings, models[name])
    finally:
        await close_models(models)


async def _asked(settings: Settings, model: GatedModel) -> Finding:
    part = f"model {model.name}"
    request = ModelRequest(
        turns=(Turn("system", "Answer with ok true."), Turn("user", "Are you there?")),
        schema_name="doctor",
        schema=_PROBE_SCHEMA,
        max_output_tokens=50,
    )
    try:
        reply = await model.model.call(request, timeout_seconds=_MODEL_TIMEOUT_SECONDS)
    except CallMisconfigured as exc:
        return Finding(part, f"{exc.message}; {_advice(settings.models[model.name].provider)}", "operator")
    except CallError as exc:
        return Finding(part, exc.message, "owner of the endpoint")
    return Finding(part, detail=f"{settings.models[model.name].provider}, answered as {reply.served_model}")


def _advice(provider: str) -> str:
    return PROVIDERS[provider].advice if provider in PROVIDERS else "check its faults"


def _print(findings: list[Finding]) -> None:
    rows = [
        (
            finding.part,
            cell(finding.problem, "red") if finding.problem else cell(f"well: {finding.detail}", "green"),
            finding.owner,
        )
        for finding in findings
    ]
    print_table((Column("part"), Column("state", whole=False), Column("owner", rank=1)), rows)
