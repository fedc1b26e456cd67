#!/usr/bin/env python3
"""Runs a job over several hosts, made of network namespaces and links of a given rate, and removes them again.

    tests/lab/netns/lab.py --hosts 4 --ranks 2 -- build/release/bin/tutti perf all_reduce -b 8 -e 64M
    tests/lab/netns/lab.py --hosts 2 --nics 2 --slow 1:1=100mbit -- build/release/bin/tutti perf all_to_all
"""
import argparse
import sys

import job
import network


def slow_link(text):
    place, rate = text.split("=")
    host, nic = place.split(":")
    return (int(host), int(nic)), rate


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=2)
    options.add_argument("--ranks", type=int, default=1, help="ranks a host")
    options.add_argument("--nics", type=int, default=1, help="NICs a host; each is on a rail of its own")
    options.add_argument("--rate", default="1gbit", help="of each link, in each direction, as tc writes it; 0: no limit")
    options.add_argument("--slow", type=slow_link, action="append", default=[], metavar="HOST:NIC=RATE")
    options.add_argument("--timeout", type=float, default=600, help="seconds")
    options.add_argument("command", nargs="+")
    options = options.parse_args()
    rate = None if options.rate == "0" else options.rate
    try:
        with network.Network(options.hosts, options.nics, rate, dict(options.slow)) as hosts:
            job.run(hosts, options.ranks, options.command, timeout=options.timeout, show=True)
    except (network.Unavailable, job.Failed, FileNotFoundError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
