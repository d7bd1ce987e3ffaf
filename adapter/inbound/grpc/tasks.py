"""TaskService: which tasks are loaded, and what they promise."""

from collections.abc import Sequence
from typing import Protocol

from llm_adapter.v1 import task_service_pb2, task_service_pb2_grpc

from adapter.domain import exact_json
from adapter.inbound.grpc.answering import Answering, Context
from adapter.inbound.grpc.callers import CallerOf, anonymous
from adapter.inbound.grpc.checks import MAX_ID_BYTES, Checks
from adapter.service.api import Caller
from adapter.service.clients import task_denied
from adapter.tasks.task import Task


class TaskCatalogue(Protocol):
    """The tasks that are loaded."""

    def names(self) -> Sequence[str]:
        """Names of all tasks."""

    def versions(self, name: str) -> Sequence[Task]:
        """Return every version of a task, lowest first; () = no such task."""

    def resolve(self, ref: str) -> Task:
        """Return the version that a request for `name`, `name@1` or `name@1.2.0` gets. Raises TaskNotFound."""


class TaskServicer(task_service_pb2_grpc.TaskServiceServicer):
    """Shows the catalogue."""

    def __init__(self, catalogue: TaskCatalogue, *, caller_of: CallerOf = anonymous) -> None:
        self._catalogue = catalogue
        self._caller_of = caller_of

    async def ListTasks(
        self, request: task_service_pb2.ListTasksRequest, context: Context
    ) -> task_service_pb2.ListTasksResponse:
        """List the tasks that the caller may use, without schemas."""
        del request  # it has no fields
        async with Answering(context, "ListTasks"):
            caller = await self._caller_of(context)
            names = filter(caller.may_use, sorted(self._catalogue.names()))
            tasks = [self._task(name, self._catalogue.versions(name)) for name in names]
            return task_service_pb2.ListTasksResponse(tasks=tasks)

    async def GetTask(
        self, request: task_service_pb2.GetTaskRequest, context: Context
    ) -> task_service_pb2.GetTaskResponse:
        """Show one task with its schemas."""
        async with Answering(context, "GetTask"):
            caller = await self._caller_of(context)
            named = self._named(request.task, caller)
            task = self._task(named[0].name, named, with_schemas=True)
            return task_service_pb2.GetTaskResponse(task=task)

    def _named(self, ref: str, caller: Caller) -> Sequence[Task]:
        """Return the versions that a reference names: one if it names one, else all. Raises PermissionDenied."""
        checks = Checks()
        checks.required("task", present=bool(ref))
        checks.short("task", ref, MAX_ID_BYTES)
        checks.finish()
        name = ref.partition("@")[0]
        if not caller.may_use(name):
            raise task_denied(caller.client, name)
        found = self._catalogue.resolve(ref)
        return [found] if "@" in ref else self._catalogue.versions(found.name)

    def _task(self, name: str, versions: Sequence[Task], *, with_schemas: bool = False) -> task_service_pb2.Task:
        return task_service_pb2.Task(
            name=name,
            default_version=self._catalogue.resolve(name).version,
            versions=[_version(task, with_schemas=with_schemas) for task in versions],
        )


def _version(task: Task, *, with_schemas: bool) -> task_service_pb2.TaskVersion:
    definition = task.definition
    policy = definition.policy
    return task_service_pb2.TaskVersion(
        version=task.version,
        task_hash=task.task_hash,
        summary=definition.summary,
        input_schema=exact_json.dumps(dict(task.input.schema)) if with_schemas else b"",
        output_schema=exact_json.dumps(dict(task.output.schema)) if with_schemas else b"",
        models=definition.model.use,
        allowed_models=definition.model.allow,
        policy=task_service_pb2.Policy(
            attempts=policy.attempts, repairs=policy.repairs, tokens=policy.tokens, seconds=policy.seconds
        ),
    )
