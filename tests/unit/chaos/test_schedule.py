"""The schedule and the load follow from the seed."""

from itertools import islice

from tests.chaos.history import Kind
from tests.chaos.load import Routes, load
from tests.chaos.schedule import Plan, Step, lanes

ROUTES = Routes("results", ("crm.replies", "billing.replies"))


def steps(seed: int, count: int = 50) -> dict[str, list[Step]]:
    plan = Plan(seed, replicas=3, nodes=3, lease_seconds=8)
    return {lane: list(islice(drawn, count)) for lane, drawn in lanes(plan).items()}


def test_the_same_seed_draws_the_same_schedule_and_load() -> None:
    assert steps(1) == steps(1)
    assert steps(1) != steps(2)
    assert list(islice(load(1, ROUTES), 50)) == list(islice(load(1, ROUTES), 50))
    assert list(islice(load(1, ROUTES), 50)) != list(islice(load(2, ROUTES), 50))


def test_every_kind_is_met_soon_and_some_freezes_outlast_the_lease() -> None:
    drawn = [step for lane in steps(1).values() for step in lane]

    assert {step.kind for step in drawn} == set(Kind)
    assert any(step.kind is Kind.FREEZE and step.seconds > 8 for step in drawn)


def test_only_the_chosen_kinds_are_drawn() -> None:
    plan = Plan(1, replicas=3, nodes=3, lease_seconds=8, kinds=frozenset({Kind.KILL}))

    assert list(lanes(plan)) == ["replicas"]
    assert {step.target for step in islice(lanes(plan)["replicas"], 50)} == {0, 1, 2}


def test_the_load_has_duplicates_repeats_elsewhere_and_every_face() -> None:
    drawn = list(islice(load(1, ROUTES), 500))

    assert {one.face for times in drawn for one in times} == {"queue", "submit", "run"}
    assert any(len(times) > 1 and times[0] is times[1] for times in drawn)
    assert any(times[-1].delay_seconds > 0 and times[-1].correlation_id != times[0].correlation_id for times in drawn)
    assert len({times[0].payload for times in drawn}) == 500
