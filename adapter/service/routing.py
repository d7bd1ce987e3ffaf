"""Where answers and tickets go: the reply address a request gave, the result exchange, the task's request queue."""

from adapter.domain.job import JobRequest, Route
from adapter.domain.message import OutgoingMessage, Properties, Publication
from adapter.domain.trace import NO_TRACE, TraceContext
from adapter.tasks.task import Task

TICKET_HEADER = "llm-job-id"


class Routing:
    """Composes routes from the names of the topology."""

    def __init__(self, *, requests_exchange: str, results_exchange: str) -> None:
        """Take the exchange names."""
        self._requests_exchange = requests_exchange
        self._results_exchange = results_exchange

    def route_of(self, request: JobRequest) -> Route:
        """Where this request wants its answer."""
        correlation_id = request.correlation_id or request.request_id
        if request.reply_to is None:
            return self.results(correlation_id)
        reply_to = request.reply_to
        return Route(reply_to.exchange, reply_to.routing_key, correlation_id, reply_to.mandatory)

    def results(self, correlation_id: str) -> Route:
        """The result exchange, keyed by the outcome."""
        return Route(self._results_exchange, "", correlation_id, keyed_by_outcome=True)

    def all_routes(self, request: JobRequest, task: Task | None) -> tuple[Route, ...]:
        """The answer's route, and the result exchange too if the task says also_exchange."""
        route = self.route_of(request)
        if route.keyed_by_outcome or task is None or not task.definition.results.also_exchange:
            return (route,)
        return (route, self.results(route.correlation_id))

    def taken_by(self, message: OutgoingMessage) -> Route:
        """The route by which a stored result goes. Nobody else may send answers to the result exchange."""
        correlation_id = message.properties.correlation_id
        if message.exchange == self._results_exchange:
            return self.results(correlation_id)
        return Route(message.exchange, message.routing_key, correlation_id, message.mandatory)

    def ticket(self, job_id: str, task_name: str, ticket_id: str, trace: TraceContext = NO_TRACE) -> Publication:
        """An empty message that stands for a stored job, to the task's request queue; trace: the job's."""
        properties = Properties(
            message_id=ticket_id,
            type="llm-adapter.ticket",
            delivery_mode=2,
            headers={TICKET_HEADER: job_id, **trace.headers()},
        )
        message = OutgoingMessage(self._requests_exchange, task_name, b"", properties)
        return Publication(ticket_id, job_id, message)
