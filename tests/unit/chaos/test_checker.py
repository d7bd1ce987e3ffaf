"""The oracle notices what it is there for."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.checker import check
from tests.chaos.history import History, Kind, Sent
from tests.unit.chaos.histories import call, done, good, result, row, send


def test_a_history_in_which_all_is_well_has_nothing_against_it() -> None:
    verdict = check(good())

    assert verdict.is_good
    assert verdict.line == (
        "jobs=1 outcomes=1 lost=0 unexpected=0 duplicates=0 raw_duplicates=0 unattributed_calls=0 "
        "worst_recovery_seconds=0.0"
    )


def test_an_accepted_request_without_an_answer_is_lost() -> None:
    history = good()
    history.sends.append(send("r2"))
    history.rows.append(row("r2"))

    assert len(check(history).lost) == 1
    assert not check(history).is_good


def test_an_answer_at_another_route_does_not_count_for_who_waits() -> None:
    history = good()
    history.sends.append(send(correlation="c2", route="billing.replies"))

    assert len(check(history).lost) == 1


def test_an_answered_request_of_which_the_memory_knows_nothing_is_lost() -> None:
    history = good()
    history.rows.clear()

    assert len(check(history).lost) == 1


def test_an_answer_that_came_again_under_its_id_is_a_raw_duplicate() -> None:
    history = good()
    history.results.append(result())

    verdict = check(history)

    assert verdict.is_good
    assert verdict.raw_duplicates == 1


def test_an_answer_under_a_second_id_is_a_duplicate() -> None:
    history = good()
    history.results.append(result(message_id="m2"))

    assert len(check(history).duplicates) == 1


def test_a_revision_is_no_duplicate_of_the_one_before() -> None:
    history = good()
    history.results.append(replace(result(message_id="m2"), revision=2))

    assert check(history).duplicates == []


def test_two_different_documents_for_one_request_are_duplicates() -> None:
    history = good()
    history.sends.append(send(correlation="c2"))
    history.results.append(replace(result(message_id="m2", correlation="c2"), digest="d2"))

    assert len(check(history).duplicates) == 1


def test_two_jobs_of_one_request_are_duplicates() -> None:
    history = good()
    history.rows.append(replace(row(), job_id="another"))

    assert len(check(history).duplicates) == 1


def test_an_answer_to_nobody_is_unexpected() -> None:
    history = good()
    history.results.append(result("invented"))

    assert len(check(history).unexpected) == 1


def test_an_answer_to_a_send_that_never_left_is_unexpected() -> None:
    history = good()
    history.sends[0] = send(state=Sent.FAILED)

    verdict = check(history)

    assert len(verdict.unexpected) == 2, "the answer, and the job"
    assert verdict.jobs == 0


def test_an_answer_to_a_send_of_unknown_result_is_recovered() -> None:
    history = good()
    history.sends[0] = send(state=Sent.UNKNOWN)

    verdict = check(history)

    assert verdict.is_good
    assert verdict.recovered == 1


def test_a_send_of_unknown_result_need_not_be_answered() -> None:
    history = History(sends=[send(state=Sent.UNKNOWN)])

    assert check(history).is_good


def test_a_failure_that_nothing_scripted_is_unexpected() -> None:
    history = good()
    history.results[0] = replace(result(), outcome="failed", reason="INTERNAL", digest="")

    assert len(check(history).unexpected) == 1


def test_a_job_whose_workers_died_under_it_three_times_may_be_interrupted() -> None:
    history = good()
    history.results[0] = replace(result(), outcome="failed", reason="INTERRUPTED", digest="")
    history.rows[0] = replace(row(state="FAILED"), claims=4)

    verdict = check(history)

    assert verdict.is_good
    assert verdict.excused == 1


@pytest.mark.parametrize("state", ["RUNNING", "PENDING"])
def test_a_job_without_an_end_is_an_orphan(state: str) -> None:
    history = good()
    history.rows.append(row("r2", state))
    history.sends.append(send("r2", Sent.UNKNOWN))

    assert len(check(history).orphans) == 1


def test_a_run_whose_caller_left_waits_for_its_repeat_and_is_no_orphan() -> None:
    history = good()
    history.rows.append(row("r2", "PENDING", origin="run"))
    history.sends.append(send("r2", Sent.UNKNOWN))

    assert check(history).orphans == []


def test_what_is_left_in_a_queue_is_an_orphan() -> None:
    history = good()
    history.leftovers["messages in requests"] = 3

    assert check(history).orphans == ["3 messages in requests"]


def test_a_second_call_that_nothing_explains_is_unattributed() -> None:
    history = good()
    history.calls.append(call(2, begin=109.0, end=109.5))

    verdict = check(history)

    assert len(verdict.unattributed) == 1
    assert not verdict.is_good


def test_recovery_is_measured_to_the_first_call_of_the_replica_that_was_killed() -> None:
    history = good()
    history.disturbances = [done(Kind.KILL, 90.0, 95.0, target="replica-0")]

    assert check(history).worst_recovery_seconds == pytest.approx(7.0)


def test_recovery_counts_from_the_end_of_the_last_thing_that_was_in_its_way() -> None:
    history = good()
    history.sends.append(replace(send(), time=120.0))
    history.disturbances = [done(Kind.DATABASE_CRASH, 90.0, 92.0), done(Kind.MODEL_CUT, 91.0, 107.0)]

    assert check(history).worst_recovery_seconds == pytest.approx(3.0)


def test_a_part_that_never_recovers_took_all_the_time_there_was() -> None:
    history = good()
    history.sends.append(replace(send(), time=190.0))
    history.disturbances = [done(Kind.KILL, 112.0, 115.0, target="replica-0")]

    assert check(history).worst_recovery_seconds == pytest.approx(75.0)


def test_evidence_that_was_kept_is_judged_as_it_was(tmp_path: Path) -> None:
    history = good()
    history.disturbances = [done(Kind.FREEZE, 90.0, 95.0, target="replica-0")]
    history.leftovers["messages in requests"] = 1

    history.write(tmp_path)

    assert History.read(tmp_path) == history
