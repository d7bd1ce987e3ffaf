"""`adapter tasks export`: the contract of a task for programs in other languages."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapter.bootstrap.catalogue import read_catalogue
from adapter.cli.configured import settings_of
from adapter.cli.console import cell, errors, indented, print_text
from adapter.cli.exits import Exit, exit_codes, fail
from adapter.cli.options import ConfigOption, TasksOption
from adapter.domain import exact_json
from adapter.settings import Amqp
from adapter.tasks.export.files import Exported, export
from adapter.tasks.export.java_names import is_package


class JavaStyle(StrEnum):
    """What Java is written."""

    BEANS = "beans"
    RECORDS = "records"
    NONE = "none"


def export_task(
    task: Annotated[str, typer.Argument(help="name, name@1 or name@1.2.0")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the files; made if it is not there.")],
    java: Annotated[
        JavaStyle, typer.Option("--java", help="Classes for Java 8 (beans), for Java 17 (records), or none.")
    ] = JavaStyle.BEANS,
    package: Annotated[str, typer.Option("--package", help="Their package. Default: llmadapter.<task>.")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 when a file is not as it would be written.")
    ] = False,
    config: ConfigOption = None,
    tasks: TasksOption = None,
) -> None:
    """Write a task's JSON Schemas, Java classes of its input and output, and an AsyncAPI document of its queues."""
    if package and not is_package(package):
        raise typer.BadParameter(f"{package[:80]!r} is no Java package in lower case", param_hint="--package")
    with exit_codes():
        settings = settings_of(config, quiet=True)
        prefix = settings.amqp.prefix if settings.amqp else Amqp.model_fields["prefix"].default
        found = read_catalogue(settings, tasks).resolve(task)
        exported = export(found, prefix=prefix, java=java.value, package=package)
        files = _contents(exported)
        if check:
            _compare(to, files)
        else:
            _write(to, files)
            for remark in exported.remarks:
                errors.print(cell(remark, "dim"), soft_wrap=True)
        print_text(f"{len(files)} files of {found.ref} {'are as they must be' if check else 'written'}.")


def _contents(exported: Exported) -> dict[str, bytes]:
    documents = {
        path: f"{indented(exact_json.dumps_text(dict(document)))}\n" for path, document in exported.documents.items()
    }
    return {path: text.encode() for path, text in sorted({**documents, **exported.sources}.items())}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        target = folder / path
        if _read(target) == content:
            continue  # a build tool goes by the time of the last change
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as exc:
            fail(f"{target} cannot be written: {exc.strerror}. Name a folder that can with --to.", Exit.UNREACHABLE)


def _compare(folder: Path, files: dict[str, bytes]) -> None:
    wrong = []
    for path, content in files.items():
        found = _read(folder / path)
        if found != content:
            wrong.append(f"{folder / path} {'is missing' if found is None else 'differs'}")
    if wrong:
        fail("\n".join([*wrong, "Export again without --check."]), Exit.INVALID_CONFIGURATION)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
