"""Callers of the two serving processes: some post and keep what was acknowledged, others ask for reports."""

import itertools
import random
import threading
import time
from collections.abc import Sequence
from typing import Self

from tests.cluster.kept import Kept
from tests.cluster.places import NO_ANSWER, Place, is_reversed
from tests.cluster.readers import Reader, readers

POSTERS = 4
PACE_S = 0.08
READ_PACE_S = 0.12
ASK_AGAIN_S = 0.2
GIVEN_UP_SHARE = 0.3
"""How many of the unknown posts are asked again at the end of the cycle only."""
TO_ASK_AGAIN = frozenset({NO_ANSWER, 409, 429, 503})


class Callers:
    """The threads that post and ask, until they are stopped."""

    def __init__(self, places: Sequence[Place], seed: int) -> None:
        """Starts no thread yet."""
        self.places, self.kept = places, Kept()
        self._seed = seed
        self._numbers = itertools.count(1)
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Starts all threads, also once more after they were stopped."""
        self._stopped.clear()
        self._threads = [threading.Thread(target=self._post_all, args=(number,)) for number in range(POSTERS)]
        self._threads += [threading.Thread(target=self._read_all, args=(reader,)) for reader in readers(self.kept)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops all threads."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def settle_unknown(self) -> None:
        """Asks once more for each post whose outcome is unknown, through both processes, until all have an answer."""
        with self.kept.inside:
            unknown, self.kept.unknown = self.kept.unknown, []
        for number in unknown:
            for place in self.places:
                while not self._try(place, number):
                    time.sleep(ASK_AGAIN_S)

    def _post_all(self, poster: int) -> None:
        """Posts, through one process; a post without an answer is asked again through either of them, or left."""
        dice = random.Random(f"{self._seed}-{poster}")
        place = self.places[poster % len(self.places)]
        while not self._stopped.wait(PACE_S):
            number = next(self._numbers)
            self._post(number, place, dice)
            if is_reversed(number) and number in self.kept.acknowledged:
                self._post(-number, place, dice)

    def _post(self, number: int, asked: Place, dice: random.Random) -> None:
        """Posts until there is an answer, or the post is given up for now."""
        while not self._try(asked, number):
            with self.kept.inside:
                self.kept.asked_again += 1
                if self._stopped.is_set() or dice.random() < GIVEN_UP_SHARE:
                    self.kept.unknown.append(number)
                    return
            time.sleep(ASK_AGAIN_S)
            asked = dice.choice(self.places)

    def _try(self, place: Place, number: int) -> bool:
        """Posts once; returns whether the answer was final."""
        self.kept.send(number)
        answer = place.post(number, self.kept.acknowledged.get(-number, ""))
        with self.kept.inside:
            self.kept.answers[answer.status] += 1
        if answer.status == 201:
            self.kept.take(number, answer.document["transaction_id"], place.name, answer.headers)
            return True
        if answer.status not in TO_ASK_AGAIN:
            self.kept.note_wrong(f"post {number} was answered {answer.status}: {answer.document}")
        return False

    def _read_all(self, reader: Reader) -> None:
        """Asks both processes in turns."""
        for place in itertools.cycle(self.places):
            if self._stopped.wait(READ_PACE_S):
                return
            reader.ask(place)
