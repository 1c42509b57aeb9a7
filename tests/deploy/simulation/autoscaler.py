"""The HorizontalPodAutoscaler (autoscaling/v2) on external metrics, and KEDA before it.

KEDA hands the metrics on and does the way between 0 and 1 itself; everything else is Kubernetes' own: the largest wish of all
metrics, a tolerance, a window of stabilisation, and policies for how fast it may go.
"""

import dataclasses
import math

# Defaults of kube-controller-manager.
SYNC_SECONDS = 15
TOLERANCE = 0.1


@dataclasses.dataclass(frozen=True)
class Values:
    """What the chart says."""

    minimum: int
    maximum: int
    # Per metric: what one worker may have.
    targets: tuple
    behavior: dict
    polling: int = 10
    cooldown: int = 300


def wish(metric, target, replicas):
    """For one metric of the type AverageValue. `None`: the metric is missing, which asks for nothing."""
    if metric is None:
        return None
    if replicas and abs(metric / (target * replicas) - 1) <= TOLERANCE:
        return replicas
    return math.ceil(metric / target)


class Autoscaler:
    """Decides each time it is asked; remembers what it needs for its windows and policies."""

    def __init__(self, values):
        self.values = values
        self.wishes = []
        self.changes = []
        self.active_at = 0

    def decide(self, now, metrics, replicas):
        """How many there should be now."""
        if replicas == 0:
            return self._wake(now, metrics)
        if now % SYNC_SECONDS:
            return self._sleep(now, metrics, replicas)
        found = [wish(metric, target, replicas) for metric, target in zip(metrics, self.values.targets)]
        known = [each for each in found if each is not None]
        # A metric that is missing must not scale down.
        wanted = max(known) if len(known) == len(found) else max([replicas, *known])
        lowest = max(1, self.values.minimum)
        self.wishes.append((now, max(lowest, min(self.values.maximum, wanted))))
        decided = self._limited(now, self._stable(now, replicas), replicas)
        decided = max(lowest, min(self.values.maximum, decided))
        if decided != replicas:
            self.changes.append((now, decided - replicas))
        return self._sleep(now, metrics, decided)

    def _stable(self, now, replicas):
        """The most careful of the newest wishes: the lowest on the way up, the highest on the way down."""
        lowest, highest = min(self._newest(now, "scaleUp")), max(self._newest(now, "scaleDown"))
        return max(min(replicas, highest), lowest)

    def _newest(self, now, direction):
        window = self.values.behavior[direction]["stabilizationWindowSeconds"]
        return [wanted for at, wanted in self.wishes if at > now - window] or [self.wishes[-1][1]]

    def _limited(self, now, wanted, replicas):
        """As far as the policies let it go."""
        direction = "scaleUp" if wanted > replicas else "scaleDown"
        rules = self.values.behavior[direction]
        if wanted == replicas or rules["selectPolicy"] == "Disabled":
            return replicas
        up = direction == "scaleUp"
        bounds = []
        for policy in rules["policies"]:
            moved = sum(change for at, change in self.changes if at > now - policy["periodSeconds"] and (change > 0) == up)
            before = replicas - moved
            if policy["type"] == "Pods":
                bounds.append(before + policy["value"] if up else before - policy["value"])
            else:
                part = policy["value"] / 100
                bounds.append(math.ceil(before * (1 + part)) if up else math.floor(before * (1 - part)))
        # Max: the policy that changes most.
        most = rules["selectPolicy"] == "Max"
        if up:
            return min(wanted, max(replicas, max(bounds) if most else min(bounds)))
        return max(wanted, min(replicas, min(bounds) if most else max(bounds)))

    def _wake(self, now, metrics):
        """KEDA's part: from nothing to the first pod, as soon as a look finds anything."""
        active = now % self.values.polling == 0 and any(metric is not None and metric > 0 for metric in metrics)
        if active:
            self.active_at = now
        return max(1, self.values.minimum) if active or self.values.minimum else 0

    def _sleep(self, now, metrics, replicas):
        """KEDA's part: to nothing, when nothing was found for the whole cooldown."""
        if any(metric is not None and metric > 0 for metric in metrics):
            self.active_at = now
        if self.values.minimum == 0 and now - self.active_at >= self.values.cooldown:
            return 0
        return replicas
