"""The main job with real parts: a private RabbitMQ, a model, the adapter; records of three tasks by gRPC and by queue.

Run it with `make demo`. It stops everything that it started, also on Ctrl-C.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "deploy" / "rabbitmq"), str(Path(__file__).parent)]

from monolith import Answer, Record, send_by_grpc, send_by_queue  # noqa: E402 - found through the path above
from private_broker import BrokerError, PrivateBroker, free_port  # noqa: E402 - as above
from processes import ChildFailed, child, is_listening, wait_until  # noqa: E402 - as above

from adapter.outbound.task_folders import load_tasks  # noqa: E402 - as above

ADAPTER = str(Path(sys.executable).parent / "adapter")
DOCUMENT_CHARACTERS = 600
SAMPLE = "examples/tasks/classify-ticket/samples/01-double-charge.json"
WIDE = 140
console = Console() if sys.stdout.isatty() else Console(width=WIDE)


def main() -> int:
    """Run the demo; returns 0 when every record was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["local", "simulated"], default="local")
    model = parser.parse_args().model
    records = demo_records()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="adapter-demo-") as folder:
            grpc_address, amqp_url = start_parts(stack, Path(folder), model)
            answers = send(records, grpc_address, amqp_url)
    except KeyboardInterrupt:
        console.print("\nstopped: the adapter, the model and the broker of this demo are gone", style="yellow")
        return 130
    except (ChildFailed, BrokerError) as exc:
        console.print(f"[red]{escape(str(exc))}", highlight=False)
        return 4
    show(answers, model)
    return 0 if len(answers) == len(records) else 1


def demo_records() -> list[Record]:
    """The samples that are tagged for the demo, of every task."""
    catalogue = load_tasks(ROOT / "examples" / "tasks")
    return [
        Record(task.name, case.name, case.payload, case.content_type)
        for task in catalogue.all()
        for case in task.cases
        if "demo" in case.tags
    ]


def start_parts(stack: ExitStack, folder: Path, model: str) -> tuple[str, str]:
    """Start broker, model and adapter on free ports; returns the gRPC address and the broker's URL."""
    with console.status("starting a private RabbitMQ"):
        broker = stack.enter_context(PrivateBroker())
    console.print("[green]✓[/] RabbitMQ, private", highlight=False)
    models: dict[str, object] = {"default": {"provider": "simulated", "latency": "lognormal(0.8,0.4)"}}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    if model == "local":
        port = free_port()
        with console.status("starting the local model"):
            start(stack, folder, environment, ["local-model", "--port", str(port)], port, "the local model")
        console.print("[green]✓[/] SmolLM2 135M, a real but very small model, on this machine", highlight=False)
        base_url = f"http://127.0.0.1:{port}/v1"
        models = {"default": {"provider": "compatible", "base_url": base_url, "model": "smollm2"}}
    grpc_port, http_port = free_port(), free_port()
    settings = {
        "tasks": str(ROOT / "examples" / "tasks"),
        "database": {"url": f"sqlite:///{folder}/adapter.db"},
        "amqp": {"urls": [broker.url]},
        "grpc": {"listen": f"127.0.0.1:{grpc_port}"},
        "http": {"listen": f"127.0.0.1:{http_port}"},
        "drain_seconds": 5,
        "models": models,
    }
    config = folder / "adapter.yaml"
    config.write_text(yaml.safe_dump(settings))
    with console.status("starting the adapter"):
        start(stack, folder, environment, ["serve", "--config", str(config)], http_port, "the adapter")
    console.print("[green]✓[/] llm-adapter", highlight=False)
    return f"127.0.0.1:{grpc_port}", broker.url


def start(
    stack: ExitStack, folder: Path, environment: dict[str, str], arguments: list[str], port: int, what: str
) -> None:
    """Start one command of ours and wait until it listens."""
    log = folder / f"{arguments[0]}.log"
    process = stack.enter_context(child([ADAPTER, *arguments], log, environment))
    wait_until(lambda: is_listening(port), process, log, seconds=60, what=what)


def send(records: list[Record], grpc_address: str, amqp_url: str) -> list[Answer]:
    """Send half by gRPC and half by queue, at the same time, with progress."""
    answers: list[Answer] = []
    failures: list[BaseException] = []
    with progress_of(len(records)) as advance:

        def done(answer: Answer) -> None:
            answers.append(answer)
            advance(answer)

        def by_queue() -> None:
            try:
                send_by_queue(amqp_url, records[1::2], done)
            except Exception as exc:  # noqa: BLE001 - shown by the main thread
                failures.append(exc)

        queue = threading.Thread(target=by_queue, daemon=True)
        queue.start()
        send_by_grpc(grpc_address, records[::2], done)
        queue.join()
    for failure in failures:
        console.print(f"[red]by queue: {escape(str(failure))}")
    return answers


@contextmanager
def progress_of(total: int) -> Iterator:
    """A bar on a terminal, a line for each record elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("records", total=total)

        def advance(answer: Answer) -> None:
            progress.advance(bar)
            if not console.is_terminal:
                console.print(f"{answer.record.name}: {answer.verdict} after {answer.seconds:.1f} s", highlight=False)

        yield advance


def style_of(answer: Answer) -> str:
    """Colour of a verdict."""
    if answer.is_failure:
        return "red"
    return "green" if answer.verdict == "ACCEPTED" else "yellow"


def show(answers: list[Answer], model: str) -> None:
    """The table, and what to type next."""
    ordered = sorted(answers, key=lambda one: (one.record.task, one.record.name))
    is_wide = console.width >= WIDE
    table = Table(title="What came back", show_lines=is_wide)
    for heading in ("task", "way in", "verdict", "calls", "tokens", "seconds"):
        table.add_column(heading, no_wrap=True)
    table.add_column("document" if is_wide else "record", overflow="fold")
    for answer in ordered:
        document = escape(answer.document[:DOCUMENT_CHARACTERS])
        verdict = f"[{style_of(answer)}]{answer.verdict}"
        seconds = f"{answer.seconds:.1f}"
        last = document if is_wide else answer.record.name
        table.add_row(answer.record.task, answer.way_in, verdict, answer.model_calls, answer.tokens, seconds, last)
    console.print(table)
    for answer in () if is_wide else ordered:
        console.print(f"[{style_of(answer)}]{answer.record.task} {answer.record.name}[/]", highlight=False)
        console.print(f"  {escape(answer.document[:DOCUMENT_CHARACTERS])}", highlight=False)
    good = sum(not answer.is_failure for answer in answers)
    console.print(f"{good} of {len(answers)} records became documents that satisfy their contracts.", highlight=False)
    if model == "local":
        console.print(
            "Every document above has the shape its contract asks for. Its values are those of a model of 135 million\n"
            "parameters: often wrong. What did not satisfy its contract was not published, and is shown as what it is.",
            style="dim",
        )
    console.print("\nWith your own API key:", highlight=False)
    console.print("  export OPENAI_API_KEY=…")
    console.print(
        f"  [bold].venv/bin/adapter run classify-ticket {SAMPLE} --config examples/openai.yaml[/]", soft_wrap=True
    )


if __name__ == "__main__":
    sys.exit(main())
