"""The queue: states, pauses, and that nothing in it is lost or doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from covid_d.errors import CovidDError
from covid_d.language import N_
from covid_d.pacs import tables
from covid_d.pacs.queue import MOST_LOST, AnsweredFilm, Delivery, Queue, QueuedFilm
from covid_d.pacs.tables import DeliveryState, FilmState
from covid_d.pacs.triage import Triage
from postgres_server import PostgresServer

pytestmark = pytest.mark.postgres


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(postgres: PostgresServer | None) -> str | None:
    """Of a fresh database; ``None`` where the queue is SQLite in its folder."""
    return postgres.new_database() if postgres else None


@pytest.fixture
def queue(tmp_path: Path, url: str | None, clock: Clock) -> Iterator[Queue]:
    opened = Queue.open(tmp_path / "node", url, clock)
    yield opened
    opened.close()


def enter(queue: Queue, number: int = 1) -> QueuedFilm:
    assert queue.receive(
        fingerprint=f"{number:064d}",
        sop_instance=f"1.2.{number}",
        study="1.2",
        caller="CT1",
        file=f"films/{number}.dcm",
    )
    return next(film for film in queue.to_assess(1000) if film.sop_instance == f"1.2.{number}")


def answer(queue: Queue, film: QueuedFilm, *destinations: str) -> None:
    queue.assessed(
        [
            AnsweredFilm(
                film,
                outcome="positive",
                bundle="b" * 64,
                assessment="{}",
                destinations=destinations or ("dicom:A", "dicom:B"),
            )
        ]
    )


def due(queue: Queue, destination: str = "dicom:A") -> Delivery:
    (found,) = queue.due(destination, 10)
    return found


class TestFilms:
    def test_a_film_waits_from_the_moment_it_is_entered(self, queue: Queue, clock: Clock) -> None:
        film = enter(queue)
        assert film.state is FilmState.RECEIVED
        assert film.received == clock.now
        assert (film.caller, film.copies) == ("CT1", 1)

    def test_the_same_film_again_is_counted_and_nothing_more(self, queue: Queue) -> None:
        film = enter(queue)
        for _ in range(2):
            assert not queue.receive(
                fingerprint=film.fingerprint,
                sop_instance=film.sop_instance,
                study="1.2",
                caller="CT2",
                file="other",
            )
        (kept,) = queue.to_assess(10)
        assert (kept.copies, kept.caller, kept.file) == (3, "CT1", film.file)

    def test_it_outlives_the_process(self, tmp_path: Path, url: str | None) -> None:
        first = Queue.open(tmp_path, url)
        enter(first)
        first.close()
        again = Queue.open(tmp_path, url)
        assert [film.sop_instance for film in again.to_assess(10)] == ["1.2.1"]
        again.close()

    def test_the_oldest_come_first_and_only_so_many(self, queue: Queue) -> None:
        for number in range(5):
            enter(queue, number)
        assert [film.sop_instance for film in queue.to_assess(3)] == ["1.2.0", "1.2.1", "1.2.2"]

    def test_an_answer_makes_one_delivery_a_destination(self, queue: Queue) -> None:
        film = enter(queue)
        answer(queue, film)
        assert queue.to_assess(10) == []
        kept = queue.film(film.id)
        assert (kept.state, kept.outcome, kept.bundle) == (FilmState.ASSESSED, "positive", "b" * 64)
        assert [each.destination for each in queue.deliveries_of(film.id)] == ["dicom:A", "dicom:B"]

    def test_answered_twice_it_is_still_delivered_once(self, queue: Queue) -> None:
        film = enter(queue)
        answer(queue, film)
        queue.sent([due(queue)], transaction=None)
        answer(queue, film)
        states = {d.destination: d.state for d in queue.deliveries_of(film.id)}
        assert states == {"dicom:A": DeliveryState.SENT, "dicom:B": DeliveryState.WAITING}

    def test_a_film_set_aside_says_why_in_both_languages(self, queue: Queue) -> None:
        film = enter(queue)
        queue.cannot_be_answered(film, N_("The destination did not keep it."))
        kept = queue.film(film.id)
        assert kept.state is FilmState.FAILED
        assert kept.reason is not None
        assert kept.reason.en == "The destination did not keep it."
        assert kept.reason.es == "El destino no lo conservó."
        assert queue.retry(film.id) == 1
        assert queue.film(film.id).state is FilmState.RECEIVED

    def test_a_film_that_is_not_there(self, queue: Queue) -> None:
        with pytest.raises(CovidDError, match="no film 7") as raised:
            queue.film(7)
        assert "queue list" in raised.value.next_step


class TestDeliveries:
    def test_pauses_grow_and_have_an_end(self, queue: Queue, clock: Clock) -> None:
        answer(queue, enter(queue), "dicom:A")
        pauses = []
        for _ in range(14):
            each = due(queue)
            queue.again(each, N_("The destination did not keep it."))
            (waiting,) = queue.deliveries_of(each.film)
            pauses.append(waiting.next_try - clock.now)
            assert queue.due("dicom:A", 10) == [], "not before its time"
            clock.now = waiting.next_try
        assert pauses[:8] == [5, 10, 20, 40, 80, 160, 320, 640]
        assert set(pauses[8:]) == {900}
        assert due(queue).attempts == 14, "it is never given up"

    def test_what_failed_waits_for_somebody(self, queue: Queue, clock: Clock) -> None:
        answer(queue, enter(queue), "dicom:A")
        queue.failed(due(queue), "0xA900")
        clock.now += 1e7
        assert queue.due("dicom:A", 10) == []
        assert queue.retry() == 1
        assert due(queue).state is DeliveryState.WAITING

    def test_a_retry_names_one_film_or_all(self, queue: Queue) -> None:
        films = [enter(queue, number) for number in (1, 2)]
        for film in films:
            answer(queue, film, "dicom:A")
            queue.failed(queue.deliveries_of(film.id)[0], "x")
        assert queue.retry(films[0].id) == 1
        assert queue.deliveries_of(films[1].id)[0].state is DeliveryState.FAILED
        assert queue.retry() == 2

    def test_what_was_delivered_is_not_retried(self, queue: Queue) -> None:
        answer(queue, enter(queue), "dicom:A")
        queue.sent([due(queue)], transaction=None)
        assert queue.retry() == 0

    def test_a_destination_confirms_all_or_all_but_some(self, queue: Queue, clock: Clock) -> None:
        films = [enter(queue, number) for number in (1, 2, 3)]
        for film in films:
            answer(queue, film, "dicom:A")
        queue.sent(queue.due("dicom:A", 10), transaction="1.9")
        assert queue.committed("1.9", [queue.deliveries_of(films[1].id)[0].id]) == 2
        states = [queue.deliveries_of(film.id)[0].state for film in films]
        assert states == [DeliveryState.COMMITTED, DeliveryState.WAITING, DeliveryState.COMMITTED]
        clock.now += 5
        assert due(queue).film == films[1].id

    def test_a_word_on_something_else_changes_nothing(self, queue: Queue) -> None:
        answer(queue, enter(queue), "dicom:A")
        queue.sent([due(queue)], transaction="1.9")
        assert queue.committed("1.8") == 0
        assert [each.transaction for each in queue.unconfirmed(0)] == ["1.9"]

    def test_what_nobody_confirmed_is_known(self, queue: Queue, clock: Clock) -> None:
        for number, asked in ((1, "1.9"), (2, None)):
            film = enter(queue, number)
            answer(queue, film, "dicom:A")
            queue.sent(queue.deliveries_of(film.id), transaction=asked)
        clock.now += 3600
        assert [each.transaction for each in queue.unconfirmed(3600)] == ["1.9"]
        assert queue.unconfirmed(3601) == []


class TestWhatPeopleSee:
    def test_counts(self, queue: Queue) -> None:
        answer(queue, enter(queue, 1))
        enter(queue, 2)
        for _ in range(3):
            queue.count_let_go(Triage.OURS, "1.2.3")
        queue.count_let_go(Triage.OTHER_CLASS, "1.2.4")
        queue.count_let_go(Triage.OTHER_CLASS, "1.2.5")
        assert queue.counts() == {
            "films": {"assessed": 1, "received": 1},
            "deliveries": {"waiting": 2},
            "let_go": {"other-class": 2, "ours": 3},
        }

    def test_listed_newest_first_and_by_state(self, queue: Queue) -> None:
        films = [enter(queue, number) for number in (1, 2, 3)]
        answer(queue, films[0], "dicom:A")
        queue.failed(due(queue), "x")
        assert [f.id for f in queue.listed()] == [f.id for f in reversed(films)]
        assert [f.id for f in queue.listed(state="failed")] == [films[0].id]
        assert [f.id for f in queue.listed(state="received", limit=1)] == [films[2].id]

    def test_since_when_something_waits(self, queue: Queue, clock: Clock) -> None:
        assert queue.oldest_waiting() is None
        began = clock.now
        film = enter(queue)
        clock.now += 100
        assert queue.oldest_waiting() == began
        answer(queue, film, "dicom:A")
        assert queue.oldest_waiting() == began
        queue.sent([due(queue)], transaction=None)
        assert queue.oldest_waiting() is None

    def test_what_is_over_can_be_cleared_away_and_nothing_else(
        self, queue: Queue, clock: Clock
    ) -> None:
        done, waits, failed, fresh = (enter(queue, number) for number in (1, 2, 3, 4))
        for film in (done, waits, failed):
            answer(queue, film, "dicom:A")
        queue.sent(queue.deliveries_of(done.id), transaction=None)
        queue.failed(queue.deliveries_of(failed.id)[0], "x")
        clock.now += 10
        assert [film.id for film in queue.done_before(clock.now)] == [done.id]
        assert queue.done_before(clock.now - 10) == []
        queue.forget_file(done)
        assert queue.done_before(clock.now) == []
        assert queue.film(done.id).outcome == "positive", "that it was answered stays"
        assert fresh.state is FilmState.RECEIVED


class TestTheNodesOwn:
    def test_what_is_kept_first_stays(self, queue: Queue) -> None:
        assert queue.setting("secret", "one") == "one"
        assert queue.setting("secret", "two") == "one"

    @pytest.mark.only_on("sqlite")
    def test_its_database_waits_for_the_disk(self, queue: Queue) -> None:
        with queue._engine.connect() as connection:
            asked = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "journal_mode")
            }
        assert asked == {"synchronous": 2, "journal_mode": "wal"}  # 2 is FULL

    def test_reasons_are_kept_in_both_languages(self, queue: Queue) -> None:
        answer(queue, enter(queue), "dicom:A")
        queue.failed(due(queue), N_("Use its https address."))
        with queue._engine.connect() as connection:
            kept = connection.scalar(select(tables.deliveries.c.reason))
        assert json.loads(str(kept)) == {
            "es": "Use su dirección https.",
            "en": "Use its https address.",
        }


class TestAnswersThatWaitForAReader:
    def held(self, queue: Queue, number: int = 1) -> QueuedFilm:
        film = enter(queue, number)
        queue.assessed(
            [
                AnsweredFilm(
                    film,
                    outcome="positive",
                    bundle="b" * 64,
                    assessment="{}",
                    destinations=["dicom:A", "dicom:B"],
                    held=True,
                )
            ]
        )
        return film

    def test_they_are_due_nowhere_and_no_retry_frees_them(self, queue: Queue) -> None:
        film = self.held(queue)
        assert [each.id for each in queue.held()] == [film.id]
        assert queue.retry() == queue.retry(film.id) == 0
        assert queue.due("dicom:A", 10) == []

    def test_once_read_they_go_at_once(self, queue: Queue) -> None:
        first, second = self.held(queue, 1), self.held(queue, 2)
        queue.decide(first, sent=True)
        assert [each.film for each in queue.due("dicom:A", 10)] == [first.id]
        assert [each.id for each in queue.held()] == [second.id]

    def test_what_is_withheld_never_goes(self, queue: Queue) -> None:
        film = self.held(queue)
        queue.decide(film, sent=False)
        queue.decide(film, sent=True)
        assert queue.held() == []
        assert queue.retry() == 0
        states = {each.state for each in queue.deliveries_of(film.id)}
        assert states == {DeliveryState.WITHHELD}

    def test_they_keep_their_film_and_a_withheld_one_does_not(
        self, queue: Queue, clock: Clock
    ) -> None:
        self.held(queue, 1)
        gone = self.held(queue, 2)
        queue.decide(gone, sent=False)
        assert [each.id for each in queue.done_before(clock.now + 1)] == [gone.id]

    def test_answered_again_after_a_kill_they_are_still_held(self, queue: Queue) -> None:
        film = self.held(queue)
        answer(queue, film)
        assert {each.state for each in queue.deliveries_of(film.id)} == {DeliveryState.HELD}


class TestWhatElseGoesOut:
    def test_a_reading_goes_beside_the_answer_and_once(self, queue: Queue) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A")
        for _ in range(2):
            queue.add(film, "reading-4", ["dicom:A"])
        assert [each.what for each in queue.due("dicom:A", 10)] == ["answer", "reading-4"]
        queue.sent(queue.due("dicom:A", 10), transaction=None)
        queue.add(film, "reading-4", ["dicom:A"])
        assert queue.due("dicom:A", 10) == []

    def test_states_are_told_by_fingerprint(self, queue: Queue) -> None:
        films = [enter(queue, number) for number in (1, 2, 3)]
        for film in films:
            answer(queue, film, "dicom:A")
        asked = [film.fingerprint for film in films[:2]]
        found = queue.states_of([*asked, "nobody's"])
        assert {key: [each.film for each in held] for key, held in found.items()} == {
            film.fingerprint: [film.id] for film in films[:2]
        }

    def test_a_film_is_known_by_its_fingerprint(self, queue: Queue) -> None:
        film = enter(queue)
        found = queue.known(film.fingerprint)
        assert found is not None
        assert found.id == film.id
        assert queue.known("f" * 64) is None
        assert queue.states_of([]) == {}


STEPS = st.lists(st.sampled_from(["send", "again", "fail", "retry", "answer", "wait"]), max_size=25)


@settings(max_examples=30, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_there_is_one_delivery_a_destination(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """Any order of faults and retries: never two deliveries, never one lost."""
    clock = Clock()
    queue = Queue.open(tmp_path_factory.mktemp("q"), clock=clock)
    film = enter(queue)
    answer(queue, film, "dicom:A")
    arrived = False
    for step in steps:
        found = queue.due("dicom:A", 10)
        if step == "wait":
            clock.now += 1000
        elif step == "retry":
            queue.retry()
        elif step == "answer":
            answer(queue, film, "dicom:A")
        elif found:
            assert not arrived, "what arrived is not due again"
            {
                "send": lambda each: queue.sent([each], transaction=None),
                "again": lambda each: queue.again(each, "x"),
                "fail": lambda each: queue.failed(each, "x"),
            }[step](found[0])
            arrived = step == "send"
        assert len(queue.deliveries_of(film.id)) == 1
    if not arrived:
        queue.retry()
        assert len(queue.due("dicom:A", 10)) == 1
    queue.close()


class TestLost:
    """Taken by the destination, and never confirmed or not kept."""

    def test_it_goes_again_after_growing_pauses_and_fails_in_the_end(
        self, queue: Queue, clock: Clock
    ) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A")
        waited = []
        for _ in range(MOST_LOST - 1):
            queue.lost(due(queue), N_("The destination never confirmed it."))
            (delivery,) = queue.deliveries_of(film.id)
            assert delivery.state is DeliveryState.WAITING
            waited.append(delivery.next_try - clock.now)
            clock.now = delivery.next_try
        assert waited == sorted(waited)
        queue.lost(due(queue), N_("The destination never confirmed it."))
        (delivery,) = queue.deliveries_of(film.id)
        assert delivery.state is DeliveryState.FAILED
        assert delivery.reason is not None
        assert f"{MOST_LOST} times" in delivery.reason.en

    def test_faults_of_the_line_do_not_count(self, queue: Queue, clock: Clock) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A")
        for _ in range(3 * MOST_LOST):
            queue.again(due(queue), N_("%(aet)s did not answer.", aet="A"))
            clock.now += 10_000
        queue.lost(due(queue), N_("The destination never confirmed it."))
        assert queue.deliveries_of(film.id)[0].state is DeliveryState.WAITING

    def test_who_tries_again_begins_anew(self, queue: Queue, clock: Clock) -> None:
        films = [enter(queue, number) for number in (1, 2)]
        for film in films:
            answer(queue, film, "dicom:A")
        for _ in range(MOST_LOST):
            for film in films:
                queue.lost(queue.deliveries_of(film.id)[0], N_("The destination did not keep it."))
        assert queue.retry(films[0].id) == 1
        clock.now += 1
        queue.lost(due(queue), N_("The destination did not keep it."))
        states = [queue.deliveries_of(film.id)[0].state for film in films]
        assert states == [DeliveryState.WAITING, DeliveryState.FAILED]
        assert queue.retry() == 2

    def test_what_was_not_kept_is_such_a_loss(self, queue: Queue, clock: Clock) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A")
        for number in range(MOST_LOST):
            delivery = due(queue)
            queue.sent([delivery], transaction=f"1.{number}")
            queue.committed(f"1.{number}", [delivery.id])
            clock.now += 10_000
        assert queue.deliveries_of(film.id)[0].state is DeliveryState.FAILED


class TestTheClockIsSet:
    def test_back_by_a_year_nothing_waits_for_it(self, queue: Queue, clock: Clock) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A")
        queue.again(due(queue), N_("%(aet)s did not answer.", aet="A"))
        clock.now -= 365 * 86400
        assert due(queue).film == film.id

    def test_back_by_a_little_a_pause_is_still_kept(self, queue: Queue, clock: Clock) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A")
        queue.again(due(queue), N_("%(aet)s did not answer.", aet="A"))
        clock.now -= 60
        assert queue.due("dicom:A", 10) == []

    def test_forward_by_a_year_only_what_was_delivered_may_go(
        self, queue: Queue, clock: Clock
    ) -> None:
        for number in (1, 2):
            answer(queue, enter(queue, number), "dicom:A")
        queue.sent(queue.due("dicom:A", 1), transaction=None)
        clock.now += 365 * 86400
        assert [film.sop_instance for film in queue.done_before(clock.now)] == ["1.2.1"]


class TestDestinationsThatAreNone:
    def test_what_waits_for_them_is_given_up_with_the_reason(self, queue: Queue) -> None:
        film = enter(queue)
        answer(queue, film, "dicom:A", "dicom:B")
        reason = N_("Nothing is sent to this destination any more.")
        assert queue.only_to(["dicom:A"], reason) == 1
        assert queue.only_to(["dicom:A"], reason) == 0
        states = {each.destination: each.state for each in queue.deliveries_of(film.id)}
        assert states == {"dicom:A": DeliveryState.WAITING, "dicom:B": DeliveryState.FAILED}
        assert queue.retry() == 2, "named again, it is tried again when somebody says so"

    def test_what_is_held_or_went_stays(self, queue: Queue) -> None:
        for number, held in ((1, True), (2, False)):
            film = enter(queue, number)
            queue.assessed(
                [
                    AnsweredFilm(
                        film,
                        outcome="x",
                        bundle="b",
                        assessment="{}",
                        destinations=["dicom:B"],
                        held=held,
                    )
                ]
            )
        queue.sent(queue.due("dicom:B", 10), transaction=None)
        assert queue.only_to([], N_("Nothing is sent to this destination any more.")) == 0


class TestAnsweredAgain:
    def test_a_film_waits_for_its_answer_and_its_deliveries_stay(self, queue: Queue) -> None:
        film = enter(queue)
        answer(queue, film)
        assert queue.to_assess(10) == []
        queue.answer_again(film)
        assert [each.id for each in queue.to_assess(10)] == [film.id]
        before = queue.deliveries_of(film.id)
        answer(queue, film)
        assert queue.deliveries_of(film.id) == before

    def test_one_whose_file_is_gone_cannot(self, queue: Queue) -> None:
        film = enter(queue)
        answer(queue, film)
        queue.forget_file(film)
        queue.answer_again(film)
        assert queue.to_assess(10) == []

    def test_which_files_are_films(self, queue: Queue) -> None:
        film = enter(queue)
        assert queue.has_file(film.file)
        assert not queue.has_file("films/2.dcm")
        queue.forget_file(film)
        assert not queue.has_file(film.file)


class TestClaim:
    """Two nodes on one PostgreSQL would each look for the other's films in its own folder."""

    @pytest.mark.only_on("postgresql")
    def test_one_node_a_database(self, tmp_path: Path, queue: Queue, url: str | None) -> None:
        queue.claim()
        other = Queue.open(tmp_path / "other", url)
        with pytest.raises(CovidDError, match="Another node") as raised:
            other.claim()
        assert "a database of its own" in raised.value.next_step
        assert enter(queue).file == "films/1.dcm", "who holds it works on"
        queue.close()
        other.claim()
        other.close()

    def test_who_only_looks_needs_no_claim(
        self, tmp_path: Path, queue: Queue, url: str | None
    ) -> None:
        queue.claim()
        enter(queue)
        looking = Queue.open(tmp_path / "node", url)
        assert len(looking.listed()) == 1
        looking.close()

    @pytest.mark.only_on("sqlite")
    def test_a_queue_in_a_folder_is_guarded_by_the_folders_own_lock(
        self, tmp_path: Path, queue: Queue
    ) -> None:
        queue.claim()
        again = Queue.open(tmp_path / "node")
        again.claim()
        again.close()
