#!/usr/bin/env python3
"""What Tutti adds to a message over UCX and libfabric, beside their own tools on the same link (tests/lab/netns). Needs root.

    perf/lab_p2p.py --command build/release/bin/tutti [--runs 5] [--rate 1gbit]

Two hosts, one rank each; each measurement is taken by turns, `--runs` times, and medians are shown. Beside ucx stands
`ucx_perftest` (tag_lat, tag_bw; over TCP, as Tutti between these hosts), beside ofi `fi_pingpong` (its one-way time; it has no
windows). The cost is how much longer Tutti takes, or how much less it carries.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "lab" / "netns"))
import job  # noqa: E402
import network  # noqa: E402

PROVIDER = "tcp;ofi_rxm"
# Transport, mode, bytes, how often.
CASES = [("ucx", "latency", 8, 5000), ("ucx", "latency", 1 << 10, 5000), ("ucx", "latency", 64 << 10, 500),
         ("ucx", "latency", 1 << 20, 40), ("ucx", "bandwidth", 64 << 10, 20), ("ucx", "bandwidth", 4 << 20, 20),
         ("ucx", "rate", 8, 1000), ("ofi", "latency", 8, 5000), ("ofi", "latency", 1 << 10, 5000),
         ("ofi", "latency", 64 << 10, 500), ("ofi", "latency", 1 << 20, 40)]
WINDOW = 64
MOST = 16 << 20  # bytes of a window


def window_of(size):
    return max(1, min(WINDOW, MOST // size))


def by_tutti(hosts, options, transport, mode, size, times):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        argv = [options.command, "perf", "p2p", "--mode", mode, "-b", size, "-e", size, "-n", times, "-c", "0", "-J", report]
        job.run(hosts, 1, argv, {"TUTTI_TRANSPORTS": transport, "FI_PROVIDER": PROVIDER}, timeout=options.timeout)
        row = json.loads(pathlib.Path(report).read_text())["rows"][0]
    return {"latency": lambda: row["latency_us"]["p50"], "bandwidth": lambda: row["bandwidth_GBps"],
            "rate": lambda: row["messages_per_s"] / 1e6}[mode]()


def two(hosts, options, argv, environment):
    """Starts a tool on host 1, and on host 0 with the other's address; gives what that one printed."""
    environment = dict(os.environ, **environment)
    server = hosts.start(1, argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + options.timeout
        while True:
            time.sleep(0.3)
            client = hosts.start(0, [*argv, hosts.address(1)], env=environment, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
            said, _ = client.communicate(timeout=options.timeout)
            if client.returncode == 0:
                return said
            if server.poll() is not None or time.monotonic() > end:
                raise job.Failed(f"{' '.join(map(str, argv))}\n{said}")
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(10)


def by_ucx(hosts, options, mode, size, times):
    argv = ["ucx_perftest", "-t", "tag_lat" if mode == "latency" else "tag_bw", "-s", size, "-f", "-w", "10", "-n",
            times if mode == "latency" else times * window_of(size)]
    if mode != "latency":
        argv += ["-O", window_of(size)]
    said = two(hosts, options, argv, {"UCX_TLS": "tcp", "UCX_NET_DEVICES": "eth0"})
    # Iterations; us: median, mean, mean of all; MB/s: now, all; messages a second: now, all. MB are 2^20.
    numbers = [float(word) for word in said.strip().splitlines()[-1].split()[-8:]]
    return {"latency": numbers[1], "bandwidth": numbers[5] * (1 << 20) / 1e9, "rate": numbers[7] / 1e6}[mode]


def by_libfabric(hosts, options, mode, size, times):
    argv = ["fi_pingpong", "-p", PROVIDER, "-e", "rdm", "-m", "tagged", "-I", times, "-S", size]
    said = two(hosts, options, argv, {})
    return float(said.strip().splitlines()[-1].split()[-2])  # us/xfer


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--command", default="build/release/bin/tutti")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--rate", default="1gbit", help="0: no limit")
    options.add_argument("--only", nargs="+", default=["ucx", "ofi"], help="transports")
    options.add_argument("--modes", nargs="+", default=["latency", "bandwidth", "rate"])
    options.add_argument("--timeout", type=float, default=60, help="seconds a measurement")
    options = options.parse_args()
    options.command = os.path.abspath(options.command)
    rate = None if options.rate == "0" else options.rate
    print(f"2 hosts x 1 rank, one NIC of {options.rate}; medians of {options.runs} runs by turns")
    print("| transport | mode | bytes | Tutti | beside it | cost |\n|---|---|---|---|---|---|", flush=True)
    try:
        with network.Network(2, 1, rate) as hosts:
            for transport, mode, size, times in CASES:
                if transport not in options.only or mode not in options.modes:
                    continue
                own, theirs = [], []
                for _ in range(options.runs):
                    own.append(by_tutti(hosts, options, transport, mode, size, times))
                    theirs.append((by_ucx if transport == "ucx" else by_libfabric)(hosts, options, mode, size, times))
                own, theirs = statistics.median(own), statistics.median(theirs)
                unit = {"latency": "us", "bandwidth": "GB/s", "rate": "M/s"}[mode]
                cost = own / theirs - 1 if mode == "latency" else theirs / own - 1
                print(f"| {transport} | {mode} | {size} | {own:.4g} {unit} | {theirs:.4g} {unit} | {cost:+.0%} |", flush=True)
    except (network.Unavailable, job.Failed, subprocess.TimeoutExpired) as error:
        print(f"lab_p2p: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
