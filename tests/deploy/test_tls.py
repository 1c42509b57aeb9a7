"""A Redis with TLS whose certificate comes from a private authority, named to the services as the chart does."""

import os
import subprocess

import pytest

from orderflow import Orderflow, free_port
from tools import CASES, SERVICES, passes, pod_specs, rendered


def certificates(folder):
    """An authority, and a certificate from it for this host."""
    authority = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority",
                 "-keyout", folder / "ca.key", "-out", folder / "ca.crt"]
    passes(*authority)
    passes("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=redis", "-keyout", folder / "redis.key",
           "-out", folder / "redis.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    passes("openssl", "x509", "-req", "-days", "2", "-in", folder / "redis.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
           "-CAcreateserial", "-extfile", folder / "names", "-out", folder / "redis.crt")


@pytest.fixture
def redis_with_tls(tmp_path):
    certificates(tmp_path)
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", "0", "--tls-port", str(port), "--tls-cert-file", tmp_path / "redis.crt",
         "--tls-key-file", tmp_path / "redis.key", "--tls-ca-cert-file", tmp_path / "ca.crt", "--tls-auth-clients", "no",
         "--appendonly", "yes", "--save", "", "--dir", tmp_path],
        stdout=subprocess.DEVNULL)
    # As Kubernetes mounts a Secret: links to links.
    mounted = tmp_path / "redis-ca"
    (mounted / "..2026").mkdir(parents=True)
    (mounted / "..2026/ca.crt").write_bytes((tmp_path / "ca.crt").read_bytes())
    os.symlink("..2026", mounted / "..data")
    os.symlink("..data/ca.crt", mounted / "ca.crt")
    yield f"rediss://127.0.0.1:{port}", mounted
    process.terminate()
    process.wait()


def test_the_chart_mounts_what_it_names():
    found = rendered(next(case for case in CASES if case.stem == "external-redis-values"))
    for name, spec in pod_specs(found):
        if spec["containers"][0]["name"] in SERVICES:
            variables = {variable["name"]: variable.get("value") for variable in spec["containers"][0]["env"]}
            mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
            assert mounts["redis-ca"] == variables["SSL_CERT_DIR"], name
            assert "SSL_CERT_FILE" not in variables, "the image's own certificates are needed, too"


def test_services_trust_the_authority_and_nobody_else(redis_with_tls):
    url, authority = redis_with_tls
    system = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
    world = Orderflow(ORDERFLOW_REDIS__URL=url, SSL_CERT_DIR=str(authority), **system)
    try:
        assert world.api(f"/orders/{world.place()}?wait=30")[1]["status"] == "completed"
        # Without it the worker never gets to Redis, and says why.
        world.stop("order-processor")
        del world.settings["SSL_CERT_DIR"]
        world.start("order-processor")
        order = world.place()
        assert world.api(f"/orders/{order}?wait=3")[1]["status"] == "pending"
        assert "UnknownIssuer" in world.logs()["order-processor"]
        assert world.get("order-processor", "/readyz")[0] == 503
    finally:
        world.close()
