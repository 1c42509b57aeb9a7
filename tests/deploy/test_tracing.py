"""A real OpenTelemetry receiver understands what the services send, by both protocols."""

import json
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from metrics_table import DOCUMENT
from orderflow import DEADLINE, Orderflow, eventually, free_port
from tools import SERVICES

rotel = pytest.importorskip("rotel", reason="no OpenTelemetry receiver for this platform and Python: see requirements.txt")

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
# Who does what for an order, by the names that the spans have.
WAY = {
    "order-api": {"POST /orders", "order.place", "order.publish", "order.follow"},
    "order-processor": {"order.process", "step.stock", "step.payment", "step.fulfilment", "order.finish"},
    "metrics-service": {"order.project"},
}
BATCHES = {"intake.commit", "outbox.relay", "ledger.commit", "finish.report", "events.apply", "projection.apply"}


class Receiver:
    """Takes OTLP by gRPC and by HTTP, and writes down what it was sent."""

    def __init__(self, folder):
        self.ports = {"grpc": free_port(), "http": free_port()}
        self.written = folder / "received.txt"
        program = rotel.__path__[0] + "/rotel-agent"
        endpoints = [word for protocol, port in self.ports.items() for word in (f"--otlp-{protocol}-endpoint", f"127.0.0.1:{port}")]
        files = ["--pid-file", folder / "pid", "--log-file", folder / "log"]
        with open(self.written, "w") as written:
            self.process = subprocess.Popen(
                [program, "start", *endpoints, *files, "--exporter", "blackhole", "--debug-log", "traces",
                 "--debug-log-verbosity", "detailed"], stdout=written, stderr=written)
        for port in self.ports.values():
            eventually("the receiver listens", lambda port=port: listens(port))

    def stop(self):
        """Everything that it was sent, as text."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=DEADLINE)
        return self.written.read_text()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def spans(text):
    """What the receiver wrote, span by span: who sent it and what it says."""
    for resource in text.split("\nResourceSpans #")[1:]:
        service = re.search(r"service\.name: Str\((.*)\)", resource)[1]
        for block in resource.split("\nSpan #")[1:]:
            own, _, links = block.partition("\nLinks:")
            yield {"service": service, "links": re.findall(r"Trace ID: (\w+)", links),
                   **dict(re.findall(r"^    (Trace ID|Parent ID|ID|Name|Status code) *: (.*)$", own, re.M))}


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_receiver_gets_the_whole_way_of_an_order(protocol, tmp_path):
    receiver = Receiver(tmp_path)
    world = Orderflow(ORDERFLOW_TELEMETRY__OTLP_ENDPOINT=f"http://127.0.0.1:{receiver.ports[protocol]}",
                      ORDERFLOW_TELEMETRY__OTLP_PROTOCOL=protocol)
    try:
        order = json.dumps({"user_id": "user-1", "item_ids": ["sku-1"], "total_amount": 9.99}).encode()
        headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-{CALLER}-01"}
        request = urllib.request.Request(f"http://127.0.0.1:{world.ports['order-api']}/orders/", order, headers)
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            placed = json.load(answer)
        assert world.api(f"/orders/{placed['order_id']}?wait=30")[1]["status"] == "completed"
        eventually("it is counted", lambda: '"completed":1' in world.get("metrics-service", "/stats")[1])
        # Whoever ends sends what he still has.
        for service in SERVICES:
            world.stop(service)
    finally:
        world.close()
        text = receiver.stop()
    received = list(spans(text))
    own = [span for span in received if span["Trace ID"] == TRACE]
    for service, names in WAY.items():
        assert names <= {span["Name"] for span in own if span["service"] == service}, service
    ids = {span["ID"] for span in own} | {CALLER}
    assert all(span["Parent ID"] in ids for span in own), own
    assert {span["Status code"] for span in own} == {"STATUS_CODE_UNSET"}
    assert BATCHES <= {span["Name"] for span in received if TRACE in span["links"]}


def test_the_documentation_names_every_span():
    text = DOCUMENT.read_text()
    for name in BATCHES.union(*WAY.values()):
        assert f"`{name}`" in text, name
