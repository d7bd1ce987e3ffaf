"""All commands of the command line."""

import typer

from adapter.cli import doctor, jobs, parked, reference, run, serve, simulate, tasks, topology

app = typer.Typer(
    name="adapter",
    help="Legacy records in, trusted documents out: a gRPC and RabbitMQ face for large language models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("run")(run.run)
app.command("simulate")(simulate.simulate)
app.command("local-model")(simulate.local_model)
app.command("doctor")(doctor.doctor)
app.command("explain")(reference.explain)
app.add_typer(tasks.app, name="tasks")
app.add_typer(jobs.app, name="jobs")
app.add_typer(parked.app, name="parked")
app.add_typer(topology.app, name="topology")
app.add_typer(reference.db, name="db")
