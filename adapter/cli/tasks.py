"""`adapter tasks`: the catalogue, one task, and what is wrong with task folders."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from adapter.bootstrap.core import read_catalogue
from adapter.cli.console import errors, output, print_json
from adapter.cli.exits import Exit, exit_codes
from adapter.cli.options import ConfigOption, JsonOption, TasksOption, settings_of
from adapter.outbound.task_check import check_tasks
from adapter.tasks.problem import Level, Problem
from adapter.tasks.task import Task

app = typer.Typer(help="The tasks.", no_args_is_help=True)
_STYLES = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "dim"}


@app.command("list")
def list_tasks(config: ConfigOption = None, tasks: TasksOption = None, json: JsonOption = False) -> None:
    """List every task and version."""
    with exit_codes():
        found = read_catalogue(settings_of(config, quiet=True), tasks).all()
        if json:
            print_json([_row(task) for task in found])
            return
        table = Table()
        for heading in ("task", "version", "summary", "formats", "model", "cases", "hash"):
            table.add_column(heading)
        for task in found:
            definition = task.definition
            formats = ", ".join(definition.input.formats.names)
            model, cases, short_hash = definition.model.use[0], str(len(task.cases)), task.task_hash[:12]
            table.add_row(task.name, task.version, definition.summary, formats, model, cases, short_hash)
        output.print(table)


@app.command("show")
def show(
    task: Annotated[str, typer.Argument(help="name, name@1 or name@1.2.0")],
    config: ConfigOption = None,
    tasks: TasksOption = None,
) -> None:
    """Print one task as JSON: policy, schemas, what the model is told and what it is not."""
    with exit_codes():
        found = read_catalogue(settings_of(config, quiet=True), tasks).resolve(task)
        print_json(
            _row(found)
            | {
                "policy": found.definition.policy.model_dump(),
                "input_schema": found.input.schema,
                "output_schema": found.output.schema,
                "schema_for_the_model": found.strict_output.schema,
                "checked_only_here": [f"{one.pointer} {one.keyword}" for one in found.strict_output.dropped],
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
        checked = check_tasks(path or settings_of(config, quiet=True).tasks, against)
        _print_problems(checked.problems, as_json=json)
        if checked.errors:
            raise typer.Exit(Exit.INVALID_CONFIGURATION)
        if not json:
            output.print(f"{checked.versions} task versions checked: no errors.", highlight=False)


def _print_problems(problems: tuple[Problem, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([{"file": p.file, "line": p.line, "level": p.level.value, "message": p.message} for p in problems])
        return
    for problem in problems:
        errors.print(str(problem), style=_STYLES[problem.level], highlight=False, markup=False, soft_wrap=True)


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
