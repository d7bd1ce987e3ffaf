"""`adapter tasks`: the catalogue, one task, and what is wrong with task folders."""

from pathlib import Path
from typing import Annotated

import typer

from adapter.bootstrap.catalogue import read_catalogue
from adapter.bootstrap.traits import schema_profile_of, traits_of
from adapter.cli.configured import settings_of
from adapter.cli.console import cell, errors, print_json, print_text
from adapter.cli.exits import Exit, exit_codes
from adapter.cli.options import ConfigOption, JsonOption, TasksOption
from adapter.cli.tables import Column, print_table
from adapter.cli.tasks_export import export_task
from adapter.outbound.task_check import check_tasks
from adapter.tasks.problem import Level, Problem
from adapter.tasks.task import Task

app = typer.Typer(no_args_is_help=True)
app.command("export")(export_task)
_STYLES = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "dim"}


@app.command("list")
def list_tasks(config: ConfigOption = None, tasks: TasksOption = None, json: JsonOption = False) -> None:
    """List every task and version."""
    with exit_codes():
        found = read_catalogue(settings_of(config, quiet=True), tasks).all()
        if json:
            print_json([_row(task) for task in found])
            return
        columns = (
            Column("task"),
            Column("version"),
            Column("summary", whole=False, rank=1),
            Column("formats", whole=False, rank=3),
            Column("model", rank=2),
            Column("cases", rank=5),
            Column("hash", rank=4),
        )
        print_table(columns, [_cells(task) for task in found])


@app.command("show")
def show(
    task: Annotated[str, typer.Argument(help="name, name@1 or name@1.2.0")],
    config: ConfigOption = None,
    tasks: TasksOption = None,
) -> None:
    """Print one task as JSON: policy, schemas, what the first model in use is told and what not."""
    with exit_codes():
        settings = settings_of(config, quiet=True)
        found = read_catalogue(settings, tasks).resolve(task)
        told = found.strict_for(schema_profile_of(settings.models[found.definition.model.use[0]]))
        print_json(
            _row(found)
            | {
                "policy": found.definition.policy.model_dump(),
                "input_schema": found.input.schema,
                "output_schema": found.output.schema,
                "schema_for_the_model": told.schema,
                "checked_only_here": [f"{one.pointer} {one.keyword}" for one in told.dropped],
            }
        )


@app.command("check")
def check(
    path: Annotated[Path | None, typer.Argument(help="A folder of task folders, or one. Default: the tasks.")] = None,
    against: Annotated[Path | None, typer.Option("--against", help="What is deployed: find breaking changes.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find what is wrong with task folders before production does; exit 3 when there is an error."""
    with exit_codes():
        # Folders that are named without a configuration are checked for themselves.
        settings = settings_of(config, quiet=True) if path is None or config is not None else None
        folder = path or (settings.tasks if settings else Path())
        checked = check_tasks(folder, against, traits_of(settings) if settings else {})
        _print_problems(checked.problems, as_json=json)
        if checked.errors:
            raise typer.Exit(Exit.INVALID_CONFIGURATION)
        if not json:
            print_text(f"{checked.versions} task versions checked: no errors.")


def _print_problems(problems: tuple[Problem, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([{"file": p.file, "line": p.line, "level": p.level.value, "message": p.message} for p in problems])
        return
    for problem in problems:
        errors.print(cell(str(problem), _STYLES[problem.level]), soft_wrap=True)


def _cells(task: Task) -> tuple[str, ...]:
    definition = task.definition
    formats = ", ".join(definition.input.formats.names)
    model, cases, short_hash = definition.model.use[0], str(len(task.cases)), task.task_hash[:12]
    return task.name, task.version, definition.summary, formats, model, cases, short_hash


def _row(task: Task) -> dict[str, object]:
    definition = task.definition
    return {
        "task": task.name,
        "version": task.version,
        "summary": definition.summary,
        "formats": list(definition.input.formats.names),
        "model": definition.model.use[0],
        "cases": len(task.cases),
        "hash": task.task_hash,
    }
