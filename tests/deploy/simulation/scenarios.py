"""The loads, and a run of one: what arrives each second, what dies, when Redis does not know the lag."""

import dataclasses
import typing

from .autoscaler import Autoscaler
from .workers import Pool

# Prometheus reads every 15 s, metrics-service looks every 2 s.
PROMETHEUS_DELAY = 17


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    seconds: int
    arrivals: typing.Callable
    # At this second so large a part of the workers dies, and its pods are back after a minute.
    dies_at: int = -1
    dies: float = 0.5
    # Redis does not know the lag in these seconds.
    unknown: range = range(0)


def burst(base, factor, start, length):
    return lambda now: base * (factor if start <= now < start + length else 1)


def sawtooth(low, high, period):
    return lambda now: low + (high - low) * (now % period) / period


def scenarios(rate):
    """Loads in proportion to what one worker does, so that the pictures are about the values and not about the machine."""
    return [
        Scenario("steady", "Steady: three workers' worth", 1800, lambda now: 3 * rate),
        Scenario("burst", "A burst: twenty times as much for a minute", 2400, burst(0.5 * rate, 20, 300, 60)),
        Scenario("sawtooth", "Sawtooth: from half a worker's worth to six, every ten minutes", 3600, sawtooth(0.5 * rate, 6 * rate, 600)),
        Scenario("dying", "Half of the workers die, and come back after a minute", 1800, lambda now: 3 * rate, dies_at=900),
        Scenario("unknown-lag", "Redis does not know the lag for ten minutes", 2400, lambda now: 3 * rate, unknown=range(600, 1200)),
    ]


@dataclasses.dataclass
class Course:
    """What happened, second by second."""

    replicas: list = dataclasses.field(default_factory=list)
    lag: list = dataclasses.field(default_factory=list)
    age: list = dataclasses.field(default_factory=list)
    pool: Pool = None

    def figures(self):
        return {
            "longest wait s": max(self.age),
            "most waiting": max(self.lag),
            "most workers": max(self.replicas),
            "worker hours": round(sum(self.replicas) / 3600, 1),
        }


def run(scenario, worker, values, mode):
    """`keda` reads Redis itself; what is unknown is -1. `hpa` reads Prometheus; what is unknown is missing."""
    pool, autoscaler, course = Pool(worker, values.minimum), Autoscaler(values), Course()
    seen = []
    for now in range(scenario.seconds):
        if now == scenario.dies_at:
            pool.die(round(pool.running * scenario.dies), now, back_after=60)
        pool.second(now, scenario.arrivals(now))
        unknown = now in scenario.unknown
        seen.append(((None if mode == "hpa" else -1) if unknown else pool.lag, pool.pending))
        metrics = seen[-1] if mode == "keda" else seen[max(0, now - PROMETHEUS_DELAY)]
        pool.scale(autoscaler.decide(now, metrics, pool.replicas), now)
        course.replicas.append(pool.replicas)
        course.lag.append(pool.lag)
        course.age.append(pool.oldest_age(now))
    course.pool = pool
    return course
