"""Replays the recorded conversations against Parlor, several at a time, and compares."""
import argparse
import asyncio
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from kit import profiles
from kit.engine import Run

HERE = os.path.dirname(os.path.abspath(__file__))
PARLOR = os.environ.get("PARLOR", os.path.join(HERE, "../../target/release/parlor"))
# Most of a scenario is waiting, so several run beside each other, each batch with a server and ports of its own.
WORKERS = 8
BATCH = 24
# Below those that the kernel gives to whoever connects.
FIRST_PORT = 12_000
PORTS_A_BATCH = 20
# What one scenario may take; some wait for a poll's end after 30 s.
LIMIT_S = 180
MOST_LINES = 12


def load(kind):
    """Everything of one kind by `AREA/NAME`."""
    found = {}
    for file in sorted(os.listdir(os.path.join(HERE, kind))):
        with open(os.path.join(HERE, kind, file), encoding="utf-8") as text:
            area = file.removesuffix(".json")
            found.update({f"{area}/{name}": entry for name, entry in json.load(text).items()})
    return found


def waiting():
    """What is not expected to pass yet, with the reason."""
    with open(os.path.join(HERE, "waiting.txt"), encoding="utf-8") as text:
        lines = [line.split(None, 1) for line in text if line.strip() and not line.startswith("#")]
    return {name: reason.strip() for name, reason in lines}


def free_ports(count, first):
    """So many ports that are free now, for TCP and UDP, of those of the batch whose first is this."""
    found = []
    for port in range(first, first + PORTS_A_BATCH):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                for entry in (tcp, udp):
                    entry.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found[:count]


class Server:
    """Parlor, started from Janus' files of one profile."""

    def __init__(self, profile, first_port):
        names = ("WS", "HTTP", "ADMIN_WS", "ADMIN_HTTP", "EVH", "EVW")
        *tcp, media = free_ports(len(names) + 1, first_port)
        self.ports = dict(zip(names, tcp), ICE="127.0.0.1")
        self.folder = tempfile.mkdtemp(prefix="parlor-conformance-")
        profiles.write(profile, self.ports, self.folder)
        self.log = open(os.path.join(self.folder, "log"), "wb")
        settings = [f"media.port={media}", "media.shards=1", f"state.directory={self.folder}/state"]
        options = [word for setting in settings for word in ("--set", setting)]
        command = [PARLOR, "--janus-configs", self.folder, *options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    async def ready(self):
        """Waits until it serves."""
        end = time.time() + 20
        while time.time() < end and self.process.poll() is None:
            try:
                for port in (self.ports["WS"], self.ports["HTTP"]):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                return
            except OSError:
                await asyncio.sleep(0.05)
        with open(self.log.name, encoding="utf-8", errors="replace") as text:
            raise RuntimeError(f"parlor does not start:\n{text.read()[-2000:]}")

    def stop(self):
        """Ends it; whether it ended by itself and well."""
        crashed = self.process.poll() is not None
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            crashed = True
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return not crashed and self.process.returncode == 0


async def listen(events, ports):
    """Back ends for events: HTTP POST and WebSocket."""
    from aiohttp import web
    import websockets

    def add(entry):
        for event in entry if isinstance(entry, list) else [entry]:
            events.append(event)

    async def post(request):
        add(json.loads(await request.text()))
        return web.Response(text="")

    async def read(connection):
        async for message in connection:
            add(json.loads(message))

    application = web.Application(client_max_size=16 << 20)
    application.router.add_post("/events", post)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", ports["EVH"]).start()
    return runner, await websockets.serve(read, "127.0.0.1", ports["EVW"], compression=None)


async def replay(scenario, target, recording):
    """What differs, as lines."""
    run = Run(scenario, target, recording)
    try:
        error = await asyncio.wait_for(run.run(), LIMIT_S)
    except asyncio.TimeoutError:
        error = f"took more than {LIMIT_S} s"
    if not error and len(run.out) != len(run.rec["steps"]):
        error = f"{len(run.out)} of {len(run.rec['steps'])} recorded steps were reached"
    lines = [f"aborted: {error}"] if error else []
    for number, step, difference in run.diffs:
        lines += [f"step {number} {step['op']}: {text}" for text in difference.bad + difference.extra]
    return lines


async def replay_batch(profile, names, first_port, scenarios, recordings):
    server = Server(profile, first_port)
    results, listeners = [], None
    try:
        target = {"evh": []}
        if profile.startswith("events"):
            listeners = await listen(target["evh"], server.ports)
        await server.ready()
        for key, scheme in (("ws", "ws"), ("http", "http"), ("admin_ws", "ws"), ("admin", "http")):
            port = server.ports[{"ws": "WS", "http": "HTTP", "admin_ws": "ADMIN_WS", "admin": "ADMIN_HTTP"}[key]]
            target[key] = f"{scheme}://127.0.0.1:{port}"
        for name in names:
            start = time.time()
            scenario = dict(scenarios[name], name=name)
            lines = await replay(scenario, target, recordings[name])
            results.append((name, lines, time.time() - start))
    finally:
        ended_well = server.stop()
        if listeners:
            listeners[1].close()
            await listeners[0].cleanup()
    if not ended_well:
        name, lines, seconds = results[-1]
        results[-1] = (name, lines + ["parlor did not run and end as it should"], seconds)
    return results


def work(batch):
    """One batch in a process of its own."""
    number, (profile, names) = batch
    first_port = FIRST_PORT + number * PORTS_A_BATCH
    return asyncio.run(replay_batch(profile, names, first_port, load("scenarios"), load("recordings")))


def batches(scenarios, only):
    """Scenarios of one profile and area that share a server."""
    groups = {}
    for name, scenario in scenarios.items():
        if re.search(only, name):
            groups.setdefault((scenario.get("profile", "default"), name.split("/")[0]), []).append(name)
    found = [(profile, names[start:start + BATCH])
             for (profile, _), names in groups.items() for start in range(0, len(names), BATCH)]
    # Those that wait longest begin first.
    return sorted(found, key=lambda batch: batch[1][0].split("/")[0] not in ("http", "auth", "events", "subscriber"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="regular expression on scenario names")
    parser.add_argument("--verbose", action="store_true", help="also name what passes")
    options = parser.parse_args()
    known = waiting()
    passed, failed, waits = 0, 0, 0
    with multiprocessing.Pool(WORKERS) as pool:
        for results in pool.imap_unordered(work, enumerate(batches(load("scenarios"), options.only))):
            for name, lines, seconds in results:
                if lines and name in known:
                    waits += 1
                    continue
                if not lines and name in known:
                    lines = ["passes, but is listed in waiting.txt"]
                passed, failed = passed + (not lines), failed + bool(lines)
                if lines or options.verbose:
                    print(f"{'FAIL' if lines else 'ok  '} {name} ({seconds:.1f} s)", flush=True)
                for line in lines[:MOST_LINES]:
                    print(f"     {line}")
    if waits:
        print(f"{waits} wait for what is not there yet: tests/conformance/waiting.txt")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
