"""A whole Orderflow for the checks: the real programs, a real redis-server with the users of the chart's Secret."""

import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import redis

from tools import PROGRAMS, SERVICES, of_kind, with_settings

DEADLINE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, condition):
    """What the condition gives, as soon as it is something."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {DEADLINE} s: {what}")


class Server:
    """redis-server as the chart runs it, on a port of its own."""

    def __init__(self, *settings):
        secret, = of_kind(with_settings(*settings), "Secret")
        config = next(document for document in of_kind(with_settings(*settings), "ConfigMap") if "redis.conf" in document["data"])
        self.secrets = secret["stringData"]
        self.folder = tempfile.TemporaryDirectory(prefix="orderflow-deploy-")
        self.port = free_port()
        folder = pathlib.Path(self.folder.name)
        (folder / "users.acl").write_text(self.secrets["users.acl"])
        text = config["data"]["redis.conf"].replace("dir /data", f"dir {folder}")
        (folder / "redis.conf").write_text(text.replace("/etc/redis/acl/users.acl", f"{folder}/users.acl"))
        self.log = open(folder / "redis.log", "w")
        self.process = subprocess.Popen(["redis-server", folder / "redis.conf", "--port", str(self.port), "--bind", "127.0.0.1"],
                                        stdout=self.log, stderr=self.log)
        # The default user may ping and nothing else, as the chart's probes do.
        eventually("redis-server answers", lambda: self.answers() or self.process.poll() is not None)
        assert self.process.poll() is None, (folder / "redis.log").read_text()

    def answers(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64) == b"+PONG\r\n"

    def client(self, user):
        password = self.secrets[f"{user}-password"]
        return redis.Redis(port=self.port, username=user, password=password, decode_responses=True, protocol=3)

    def url(self, service):
        return re.sub(r"@.*", f"@127.0.0.1:{self.port}", self.secrets[f"{service}-url"])

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=DEADLINE)
        self.log.close()
        self.folder.cleanup()


class Orderflow:
    """The three services, each with its own user."""

    def __init__(self, **settings):
        self.redis = Server()
        self.folder = pathlib.Path(self.redis.folder.name)
        self.ports = {service: free_port() for service in SERVICES}
        self.settings = settings
        self.processes = {}
        for service in SERVICES:
            self.start(service)
        for service in SERVICES:
            eventually(f"{service} is ready", lambda service=service: self.get(service, "/readyz")[0] == 200)

    def variables(self, service):
        return {
            "PATH": "/usr/bin:/bin",
            "ORDERFLOW_INSTANCE": f"orderflow-{service}-0",
            "ORDERFLOW_HTTP__LISTEN": f"127.0.0.1:{self.ports[service]}",
            "ORDERFLOW_REDIS__URL": self.redis.url(service),
            "ORDERFLOW_DATABASE__URL": f"sqlite://{self.folder}/{service}.db",
            "ORDERFLOW_PROJECTION__ORDER_API_URL": f"http://127.0.0.1:{self.ports['order-api']}",
            **self.settings,
        }

    def start(self, service):
        program = PROGRAMS / service
        assert program.is_file(), f"{program} is missing: run  cargo build --workspace --bins  first"
        with open(self.folder / f"{service}.log", "a") as log:
            self.processes[service] = subprocess.Popen(
                [program, "serve"], cwd=self.folder, env=self.variables(service), stdout=log, stderr=log)

    def stop(self, service):
        process = self.processes.pop(service)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=DEADLINE) == 0, service

    def run(self, service, *arguments):
        """A subcommand, beside the running service."""
        return subprocess.run([PROGRAMS / service, *map(str, arguments)], cwd=self.folder, env=self.variables(service),
                              capture_output=True, text=True, timeout=DEADLINE)

    def get(self, service, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        url, headers = f"http://127.0.0.1:{self.ports[service]}{path}", {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def api(self, path, body=None, method=None):
        status, text = self.get("order-api", path, body, method)
        return status, json.loads(text) if text else None

    def place(self):
        status, order = self.api("/orders/", {"user_id": "user-1", "item_ids": ["sku-1"], "total_amount": 9.99})
        assert status == 201, order
        return order["order_id"]

    def logs(self):
        return {service: (self.folder / f"{service}.log").read_text() for service in SERVICES}

    def close(self):
        for service in list(self.processes):
            self.processes.pop(service).kill()
        self.redis.stop()
