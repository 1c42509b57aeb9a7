"""`make autoscale-sim`: replays loads against the chart's own autoscaling values, prints what it came to, draws pictures.

    python autoscale_sim.py FOLDER [--values FILE] [--rate ORDERS_PER_SECOND]

The rate is what one worker finishes in a second: `concurrency` divided by the time that one order takes. Its default is what
was measured with the chart's values (docs/SCALING.md); give yours.
"""

import argparse
import pathlib

import yaml

from simulation.autoscaler import Values
from simulation.picture import draw
from simulation.scenarios import run, scenarios
from simulation.workers import Worker
from tools import CHART

# Orders a second of one worker with 32 in work and three steps of 50 ms each, measured: docs/SCALING.md.
MEASURED_RATE = 200.0


def of_chart(values):
    """The autoscaler's settings and the worker's, as the templates use them."""
    scaling, processor = values["autoscaling"], values["orderProcessor"]
    pending = scaling["pendingCount"] or max(1, processor["concurrency"] * 3 // 4)
    settings = Values(
        minimum=scaling["minReplicas"],
        maximum=scaling["maxReplicas"],
        targets=(scaling["lagCount"], pending),
        behavior=scaling["behavior"],
        polling=scaling["keda"]["pollingInterval"],
        cooldown=scaling["keda"]["cooldownPeriod"],
    )
    return settings, processor["concurrency"], processor["reclaimIdleMs"] // 1000


def merged(values, changes):
    """As Helm merges a values file over the chart's own."""
    return {**values, **{key: merged(values[key], value) if isinstance(value, dict) and isinstance(values.get(key), dict) else value
                         for key, value in (changes or {}).items()}}


def simulate(values, rate):
    """Every scenario with both autoscalers."""
    settings, concurrency, reclaim_idle = of_chart(values)
    worker = Worker(rate=rate, concurrency=concurrency, reclaim_idle=reclaim_idle)
    for scenario in scenarios(rate):
        yield scenario, {mode: run(scenario, worker, settings, mode) for mode in ("keda", "hpa")}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--values", type=pathlib.Path)
    arguments.add_argument("--rate", type=float, default=MEASURED_RATE)
    given = arguments.parse_args()
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    if given.values:
        values = merged(values, yaml.safe_load(given.values.read_text()))
    given.folder.mkdir(parents=True, exist_ok=True)
    print(f"one worker: {given.rate:g} orders a second; autoscaling: {values['autoscaling']['lagCount']} waiting for each worker, "
          f"{values['autoscaling']['minReplicas']} to {values['autoscaling']['maxReplicas']} workers\n")
    for scenario, courses in simulate(values, given.rate):
        (given.folder / f"{scenario.name}.svg").write_text(draw(scenario, courses))
        print(scenario.title)
        for mode, course in courses.items():
            print(f"  {mode:<5}" + "".join(f"{name} {value:<9}" for name, value in course.figures().items()))
    print(f"\npictures: {given.folder}")


if __name__ == "__main__":
    main()
