#!/usr/bin/env python3
"""How much of the wire collectives use, between hosts whose links are the limit (tests/lab/netns). Needs root.

    perf/wire_efficiency.py --command build/release/bin/tutti [--transports ucx ofi] [--hosts 4] [--ranks 2] [--rate 1gbit]

The wire's own rate is what one TCP stream carries between two of the hosts, measured before and after. What must cross the
busiest link of a host follows from the collective alone: contributions of a host's ranks are combined before they leave it,
and results fan out behind its link. Efficiency is those bytes over the time of the slowest rank, over the wire's rate.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "lab" / "netns"))
import job  # noqa: E402
import network  # noqa: E402

SINK = """
import socket, sys
with socket.create_server((sys.argv[1], 4000)) as door:
    print("open", flush=True)
    peer = door.accept()[0]
    while peer.recv(1 << 20): pass
"""
SOURCE = """
import socket, sys, time
peer = socket.create_connection((sys.argv[1], 4000))
piece, total = bytes(1 << 20), int(sys.argv[2])
peer.sendall(piece)
begin = time.monotonic()
for _ in range(total >> 20): peer.sendall(piece)
peer.shutdown(socket.SHUT_WR)
peer.recv(1)
print(total / (time.monotonic() - begin))
"""


def wire_rate(hosts):
    """Bytes a second of one stream from host 0 to host 1."""
    sink = hosts.start(1, [sys.executable, "-c", SINK, hosts.address(1)], stdout=subprocess.PIPE, text=True)
    sink.stdout.readline()
    source = hosts.start(0, [sys.executable, "-c", SOURCE, hosts.address(1), 100 << 20], stdout=subprocess.PIPE, text=True)
    rate = float(source.communicate(timeout=120)[0])
    sink.wait(10)
    return rate


def crossing(collective, size, hosts, ranks):
    """Bytes that must leave a host, or enter it, for a vector (or all blocks together) of `size` bytes."""
    others = (hosts - 1) / hosts
    return {"all_reduce": 2 * others * size,
            "reduce_scatter": others * size,
            "all_gather": others * size,
            "all_to_all": others * size * ranks,  # each rank has blocks of `size` bytes together
            "broadcast": size}[collective]


def measure(hosts, options, collective, transports):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        argv = [options.command, "perf", collective, "-b", options.bytes, "-e", options.bytes, "-n", str(options.iterations),
                "-w", "1", "-c", "0", "-J", report]
        job.run(hosts, options.ranks, argv, {"TUTTI_TRANSPORTS": transports}, timeout=600)
        row = json.loads(pathlib.Path(report).read_text())["rows"][0]
    return row["bytes"], row["out_of_place"]["time_us"]["p50"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--command", default="build/release/bin/tutti")
    options.add_argument("--transports", nargs="+", default=["ucx"])
    options.add_argument("--collectives", nargs="+",
                         default=["all_reduce", "reduce_scatter", "all_gather", "all_to_all", "broadcast"])
    options.add_argument("--hosts", type=int, default=4)
    options.add_argument("--ranks", type=int, default=2, help="ranks a host")
    options.add_argument("--nics", type=int, default=1)
    options.add_argument("--rate", default="1gbit")
    options.add_argument("--bytes", default="64M")
    options.add_argument("--iterations", type=int, default=5)
    options = options.parse_args()
    options.command = os.path.abspath(options.command)
    try:
        with network.Network(options.hosts, options.nics, options.rate) as hosts:
            before = wire_rate(hosts)
            print(f"{options.hosts} hosts x {options.ranks} ranks, {options.nics} NICs of {options.rate} a host; one stream "
                  f"carries {before / 1e6:.1f} MB/s")
            print(f"{'collective':16}{'transport':>10}{'bytes':>12}{'time':>12}{'crossing':>12}{'rate':>12}{'efficiency':>12}")
            rows = []
            for collective in options.collectives:
                for transport in options.transports:
                    size, time_us = measure(hosts, options, collective, f"shm,{transport}")
                    bytes_crossing = crossing(collective, size, options.hosts, options.ranks)
                    rate = bytes_crossing / time_us * 1e6
                    rows.append((collective, transport, size, time_us, bytes_crossing, rate))
            wire = statistics.mean([before, wire_rate(hosts)]) * options.nics
    except (network.Unavailable, job.Failed) as error:
        print(f"wire_efficiency: {error}", file=sys.stderr)
        return 1
    for collective, transport, size, time_us, bytes_crossing, rate in rows:
        print(f"{collective:16}{transport:>10}{size:>12}{time_us / 1e3:>9.1f} ms{bytes_crossing / 1e6:>9.1f} MB"
              f"{rate / 1e6:>7.1f} MB/s{rate / wire:>11.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
