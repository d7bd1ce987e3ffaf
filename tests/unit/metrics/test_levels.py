"""What a process holds is shown as it is when somebody looks."""

from adapter.outbound.metrics import Metrics


def test_levels_are_read_when_somebody_looks() -> None:
    held = [3]
    metrics = Metrics()
    metrics.follow(async_tasks=lambda: 41, deliveries=lambda: held[0], unconfirmed=lambda: 2)
    held[0] = 5

    page = metrics.render(0).decode()

    assert "\nadapter_async_tasks 41.0" in page
    assert "\nadapter_deliveries 5.0" in page
    assert "\nadapter_unconfirmed 2.0" in page


def test_memory_and_files_of_the_process_are_shown() -> None:
    page = Metrics().render(0).decode()

    assert "\nprocess_resident_memory_bytes " in page
    assert "\nprocess_open_fds " in page
