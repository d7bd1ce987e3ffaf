"""What operators do, wired: revisions, bulk operations, parked messages."""

from dataclasses import dataclass

from adapter.bootstrap.broker import BrokerSide
from adapter.bootstrap.core import Core
from adapter.service.operations import Operations
from adapter.service.parked import ParkedMessages
from adapter.service.revisions import Revisions, no_payload


@dataclass(frozen=True, slots=True)
class OperatorSide:
    """The use cases of operators."""

    parked: ParkedMessages
    operations: Operations


def build_operator_side(core: Core, broker: BrokerSide | None) -> OperatorSide:
    """Wire them over the core; None = there is no broker."""
    store = core.store
    routing = broker.routing if broker else None
    revisions = Revisions(
        store,
        store.operators,
        core.catalogue,
        core.clock,
        routing=routing,
        stored=core.submissions.look_again,
        payload_of=broker.payload_of if broker else no_payload,
    )
    operations = Operations(
        store, store.operators, revisions, core.clock, routing=routing, answer_for=core.worker.answer_for
    )
    return OperatorSide(ParkedMessages(store, broker.publisher if broker else None, revisions), operations)
