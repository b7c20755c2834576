"""Reads /metrics with Prometheus' own library, and compares the Grafana dashboard with what is there."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as classic_families

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("PARLOR", ROOT / "target/release/parlor")
DASHBOARD = ROOT / "docs/grafana.json"


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def fetch(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def check(http, admin):
    for port in (http, admin):
        assert fetch(port, "/healthz")[:1] == (200,) and fetch(port, "/readyz")[:1] == (200,)
    assert fetch(http, "/metrics")[0] == 404, "by default only the administrators' address shows metrics"
    assert fetch(admin, "/admin")[0] == 404, "without a secret there is no admin API"
    status, kind, text = fetch(admin, "/metrics")
    assert status == 200 and kind.startswith("application/openmetrics-text"), kind
    families = {family.name: family for family in text_string_to_metric_families(text)}
    classic = {family.name for family in classic_families(text)}
    tables = {(s.labels["table"], s.labels["shard"]): s.value for s in families["parlor_table_limit"].samples}
    assert tables[("rooms", "")] == 64 and tables[("publishers", "1")] == 32, tables
    used = {s.labels["table"]: s.value for s in families["parlor_table_used"].samples}
    assert used["rooms"] == 1, used
    causes = {s.labels["cause"] for s in families["parlor_dropped_packets"].samples}
    assert {"replay", "bad_tag", "not_selected"} <= causes, causes
    assert families["process_resident_memory_bytes"].samples[0].value > 1 << 20
    assert abs(families["process_start_time_seconds"].samples[0].value - time.time()) < 60
    for family in families.values():
        assert family.documentation, f"{family.name} has no help"
        assert len(family.samples) <= 64, f"{family.name} has {len(family.samples)} series"
    assert {"parlor_table_used", "parlor_shard_busy_ratio"} <= classic, classic
    # Every series of the dashboard is one that is there.
    known = {sample.name for family in families.values() for sample in family.samples}
    expressions = re.findall(r'"expr": "(.*)"', DASHBOARD.read_text())
    json.loads(DASHBOARD.read_text())
    asked = {name for expression in expressions for name in re.findall(r"\b(?:parlor|process)_\w+", expression)}
    assert len(asked) >= 8 and asked <= known, f"not there: {asked - known}"
    print(f"{len(families)} families, {len(known)} names, {len(asked)} of them in the dashboard")


def main():
    http, admin, websocket = (free_port(socket.SOCK_STREAM) for _ in range(3))
    with tempfile.TemporaryDirectory() as state:
        settings = [
            f"control.http=127.0.0.1:{http}",
            f"control.admin=127.0.0.1:{admin}",
            f"control.websocket=127.0.0.1:{websocket}",
            "control.https=off",
            "control.https_api=off",
            "control.wss=off",
            "mdns.enabled=false",
            f"media.port={free_port(socket.SOCK_DGRAM)}",
            "media.address=127.0.0.1",
            "media.shards=2",
            f"state.directory={state}",
        ]
        arguments = [part for setting in settings for part in ("--set", setting)]
        server = subprocess.Popen([SERVER, *arguments], stdout=subprocess.DEVNULL)
        try:
            for _ in range(500):
                try:
                    fetch(http, "/healthz")
                    break
                except OSError:
                    time.sleep(0.02)
            # Shards show what they counted once a second.
            time.sleep(1.5)
            check(http, admin)
        finally:
            server.terminate()
            server.wait(5)


if __name__ == "__main__":
    sys.exit(main())
