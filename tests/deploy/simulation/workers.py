"""The queue and its workers, a second at a time.

Orders are kept by the second that they came in, so that the oldest is known. A worker finishes `rate` orders a second and
holds up to `concurrency`; what a dead one held is pending until somebody takes it over after `reclaim_idle` seconds.
"""

import collections
import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Worker:
    """What one worker is like."""

    rate: float
    concurrency: int
    reclaim_idle: int
    # From the wish for a pod to a worker that takes orders: scheduling, image, start.
    start_seconds: int = 12


class Pool:
    """All workers, what waits for them, and what they have in hand."""

    def __init__(self, worker, running):
        self.worker = worker
        self.running = running
        self.starting = []
        self.waiting = collections.deque()
        self.in_hand = collections.deque()
        self.orphaned = []
        self.arrived = self.finished = 0.0

    @property
    def replicas(self):
        """As the StatefulSet counts: also those that have not started yet."""
        return self.running + len(self.starting)

    @property
    def lag(self):
        return math.floor(self._count(self.waiting))

    @property
    def pending(self):
        return round(self._count(self.in_hand) + sum(self._count(orders) for _, orders in self.orphaned))

    def oldest_age(self, now):
        came = [group[0][0] for group in (self.waiting, self.in_hand) if group]
        came += [orders[0][0] for _, orders in self.orphaned]
        return now - min(came) if came else 0

    def scale(self, replicas, now):
        """Pods are added at once and take their time; one that is removed finishes what it has in hand."""
        while self.replicas < replicas:
            self.starting.append(now + self.worker.start_seconds)
        while self.replicas > replicas:
            if self.starting:
                self.starting.pop()
            else:
                self.running -= 1

    def die(self, workers, now, back_after):
        """Without a word; the pods come back after a while, and their orders are taken over before or after that."""
        dead = min(workers, self.running)
        if dead:
            share = dead / self.running
            lost = [(came, count * share) for came, count in self.in_hand]
            self.in_hand = collections.deque((came, count * (1 - share)) for came, count in self.in_hand)
            if lost:
                self.orphaned.append((now + self.worker.reclaim_idle, lost))
        self.running -= dead
        self.starting += [now + back_after] * dead

    def second(self, now, arrivals):
        """Takes in, takes over, works, and takes up what there is room for."""
        self.running += sum(ready <= now for ready in self.starting)
        self.starting = [ready for ready in self.starting if ready > now]
        self.arrived += arrivals
        if arrivals:
            self.waiting.append((now, arrivals))
        if self.running:
            for entry in [entry for entry in self.orphaned if entry[0] <= now]:
                self.orphaned.remove(entry)
                self.in_hand = collections.deque(sorted([*self.in_hand, *entry[1]]))
        # Of what is there, so much is finished in this second that what stays in hand is what an order's own time keeps there.
        held, there = self._count(self.in_hand), self._count(self.in_hand) + self._count(self.waiting)
        own_time = self.worker.concurrency / self.worker.rate
        done = there if there < 1 and self.running else min(self.running * self.worker.rate, there / (1 + own_time))
        self._taken(self.in_hand, min(held, done))
        self._taken(self.waiting, max(0.0, done - held))
        self.finished += done
        room = min(self.running * self.worker.concurrency, done * own_time) - self._count(self.in_hand)
        self.in_hand.extend(self._taken(self.waiting, max(0.0, room)))

    @staticmethod
    def _count(groups):
        return sum(count for _, count in groups)

    @staticmethod
    def _taken(groups, most):
        """The oldest first, at most so many."""
        taken = []
        while groups and most > 1e-9:
            came, count = groups[0]
            part = min(count, most)
            taken.append((came, part))
            most -= part
            if part == count:
                groups.popleft()
            else:
                groups[0] = (came, count - part)
        return taken
