#!/usr/bin/env python3
"""Tutti beside Open MPI and Gloo between hosts whose links are the limit (tests/lab/netns). Needs root.

    perf/lab_peers.py --command build/release/bin/tutti [--transports ucx ofi] [--peers openmpi gloo] [--bytes 1K 64M]

Each line is one job in which both libraries run the same calls on the same memory by turns (`tutti perf --compare`), so that
they see the same machine. Open MPI uses its TCP between hosts and its shared memory inside them, Gloo TCP everywhere: neither
knows of the other's. The ratio is the peer's time over Tutti's: above 1 Tutti is faster; the spread is that of the turns.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "lab" / "netns"))
import job  # noqa: E402
import network  # noqa: E402

# What mpirun starts on another host it starts through this: the first word is the host's address. Open MPI tells hosts apart by
# their names, and names its shared memory after them.
AGENT = """#!/bin/sh
host=$1
shift
exec ip netns exec "$(cat {folder}/$host)" {folder}/host $host sh -c "$*"
"""
HOST = """#!/bin/sh
exec unshare --mount --uts sh -c 'hostname host-$0 && mount -t tmpfs lab /dev/shm && exec "$@"' "$@"
"""


def perf(options, collective, size, peer, report):
    return [options.command, "perf", collective, "-b", size, "-e", size, "-n", str(options.iterations), "-w", "2", "-c", "0",
            "--compare", peer, "-J", report]


def by_job(hosts, options, argv, transport):
    environment = {"TUTTI_TRANSPORTS": f"shm,{transport}", "GLOO_SOCKET_IFNAME": "eth0"}
    job.run(hosts, options.ranks, argv, environment, timeout=options.timeout)


def by_mpirun(hosts, options, argv, transport):
    """mpirun on the first host; its daemons reach each other over the lab's network alone. A rank that waits lets others have
    its core: there are more ranks than cores."""
    with tempfile.TemporaryDirectory(prefix="tutti-lab-") as folder:
        for host in range(hosts.hosts):
            pathlib.Path(folder, hosts.address(host)).write_text(hosts.name(host))
        agent = pathlib.Path(folder, "agent")
        agent.write_text(AGENT.format(folder=folder))
        agent.chmod(0o700)
        own_host = pathlib.Path(folder, "host")
        own_host.write_text(HOST)
        own_host.chmod(0o700)
        net = "10.77.0.0/16"
        settings = {"plm_rsh_agent": agent, "plm_rsh_no_tree_spawn": 1, "btl": "self,vader,tcp", "pml": "ob1",
                    "btl_tcp_if_include": net, "oob_tcp_if_include": net, "mpi_yield_when_idle": 1}
        where = ",".join(f"{hosts.address(host)}:{options.ranks}" for host in range(hosts.hosts))
        mpirun = [own_host, hosts.address(0), "mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--map-by", "slot",
                  "-np", str(hosts.hosts * options.ranks), "-host", where]
        for name, value in settings.items():
            mpirun += ["--mca", name, str(value)]
        node = f"TUTTI_NODE_ID=host$((OMPI_COMM_WORLD_RANK / {options.ranks}))"
        mpirun += ["-x", "TUTTI_TRANSPORTS", "sh", "-c", f"{node} exec {' '.join(argv)}"]
        process = hosts.start(0, mpirun, env=dict(os.environ, TUTTI_TRANSPORTS=f"shm,{transport}"), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            said, _ = process.communicate(timeout=options.timeout)
        except subprocess.TimeoutExpired:
            raise job.Failed(f"mpirun did not end within {options.timeout} s") from None
        if process.returncode != 0:
            raise job.Failed(f"mpirun ended with status {process.returncode}\n{said}")


def time_text(microseconds):
    return f"{microseconds / 1000:.3g} ms" if microseconds >= 1000 else f"{microseconds:.0f} us"


def measure(hosts, options, collective, size, transport, peer):
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        argv = perf(options, collective, size, peer, report)
        (by_mpirun if peer == "openmpi" else by_job)(hosts, options, argv, transport)
        document = json.loads(pathlib.Path(report).read_text())
    own = document["rows"][0]["out_of_place"]
    theirs = document["peer"]["rows"][0]["out_of_place"]
    return document["rows"][0]["algorithm"], own, theirs


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--command", default="build/release/bin/tutti")
    options.add_argument("--transports", nargs="+", default=["ucx", "ofi"])
    options.add_argument("--peers", nargs="+", default=["openmpi", "gloo"])
    options.add_argument("--collectives", nargs="+", default=["all_reduce"])
    options.add_argument("--bytes", nargs="+", default=["1K", "64M"])
    options.add_argument("--hosts", type=int, default=4)
    options.add_argument("--ranks", type=int, default=2, help="ranks a host")
    options.add_argument("--rate", default="1gbit")
    options.add_argument("--iterations", type=int, default=0, help="turns of each; 0: 100 of less than 1M, else 3")
    options.add_argument("--timeout", type=float, default=120, help="seconds a job")
    options = options.parse_args()
    options.command = os.path.abspath(options.command)
    turns = options.iterations
    print(f"{options.hosts} hosts x {options.ranks} ranks, one NIC of {options.rate} a host")
    print(f"| collective | bytes | Tutti over | plan | Tutti | peer | its time | ratio |\n|---|---|---|---|---|---|---|---|", flush=True)
    try:
        with network.Network(options.hosts, 1, options.rate) as hosts:
            for collective in options.collectives:
                for size in options.bytes:
                    options.iterations = turns or (3 if size.endswith("M") else 100)
                    for transport in options.transports:
                        for peer in options.peers:
                            plan, own, theirs = measure(hosts, options, collective, size, transport, peer)
                            own, theirs = own["time_us"]["p50"], theirs["time_us"]["p50"]
                            print(f"| {collective} | {size} | {transport} | {plan} | {time_text(own)} | {peer} | "
                                  f"{time_text(theirs)} | {theirs / own:.2f} |", flush=True)
    except (network.Unavailable, job.Failed) as error:
        print(f"lab_peers: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
