"""Limits that are totals over all replicas: what exchanges their shares, and which are too small to be kept."""

import structlog

from adapter.bootstrap.core import Core
from adapter.pipeline.availability.limiter import Limiter
from adapter.service.share_exchange import ExchangeSettings, ShareExchange

log = structlog.get_logger()


def build_share_exchange(core: Core) -> ShareExchange:
    """Exchange the shares of every model's limits, and of the rates of clients, at each heartbeat."""
    database = core.settings.database
    limiters = [model.limiter for model in core.models.values() if model.limiter is not None]

    def report(limiter: Limiter) -> None:
        core.metrics.limit_waiting(limiter.name, limiter.waiting)
        for level in limiter.levels():
            core.metrics.limit_level(limiter.name, level.kind.value, level.total, level.share, level.used)

    settings = ExchangeSettings(database.lease_seconds, database.heartbeat_seconds)
    exchange = ShareExchange(limiters, core.store.shares, core.clock, settings, report=report)
    core.admission.rates.on_new = exchange.add
    return exchange


def warn_of_small_limits(core: Core) -> None:
    """Name each task of which one call may take all the tokens of a window: its calls are made one at a time."""
    for task in core.catalogue.all():
        options = task.definition.model
        for name in (*options.use, *options.allow):
            model = core.models.get(name)
            tokens = model.limiter.limits.tokens if model is not None and model.limiter is not None else None
            if model is None or tokens is None:
                continue
            reserved = options.max_output_tokens + model.headroom.get(options.reasoning, 0)
            if reserved >= tokens:
                log.warning(
                    "limit_below_one_call", task=task.ref, model=name, tokens_in_window=tokens, reserved=reserved
                )
