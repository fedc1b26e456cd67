#!/usr/bin/env python3
"""Simulates the two all-reduces whose bus bandwidth SimAI publishes (its ns-3 back end) and writes simai.md beside this file.

    docs/scale/simai.py [build/release/bin/tutti]

From the stated topology alone: bandwidths, latencies of links, and the latency of a send (AS_SEND_LAT). Nothing is fitted.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
SOURCE = "aliyun/SimAI, docs/Tutorial.md"

# 32 H100s, 8 a host: the calls are those of a tensor-parallel group, which is a host. -nvbw 1440Gbps, NVLink 25 ns on both sides of
# the NVSwitch, AS_SEND_LAT=2. 256 GPUs: the calls are those of the 32 ranks of a rail, under one switch. 400 Gbps, 0.5 us a link.
CASES = [
    {"name": "32 GPUs, ring: 8 ranks of a host", "ranks": 8, "GBps": 180.0, "latency_us": 2 + 2 * 0.025,
     "published": [141.84, 153.68, 160.60, 163.85, 165.72, 166.68]},
    {"name": "256 GPUs, Spectrum-X: 32 ranks of a rail", "ranks": 32, "GBps": 50.0, "latency_us": 2 + 2 * 0.5,
     "published": [33.095585, 38.572166, 42.049648, 44.036110, 45.101425, 45.653648]},
]


def quantity(value):
    return {"value": value, "provenance": "published", "source": SOURCE}


def assumed(value, why):
    return {"value": value, "provenance": "assumed", "source": why}


def fabric(case):
    level = {"name": "switch", "kind": "switch", "arity": quantity(case["ranks"]), "port": "port",
             "bandwidth_up_GBps": quantity(case["GBps"]), "latency_us": quantity(case["latency_us"]),
             "overhead_us": assumed(0, "SimAI has no other overhead than the latency of a send")}
    return {"schema": "tutti.fabric/1", "name": "simai", "node": "switch", "levels": [level],
            "reduce_GBps": assumed(1e6, "SimAI's reductions take no time"), "copy_GBps": assumed(1e6, "nothing is copied")}


def simulate(tutti, case):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "fabric.json"
        file.write_text(json.dumps(fabric(case)))
        command = [tutti, "sim", "all_reduce", "--fabric", str(file), "--bytes", "16M:512M", "--algorithm", "ring/1", "--json"]
        rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["rows"]
    return [row["busbw_GBps"] for row in rows]


def main():
    tutti = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/bin/tutti")
    lines = ["# All-reduces that SimAI publishes", "",
             "Written by `docs/scale/simai.py`: bus bandwidth in GB/s, from the topology that SimAI's tutorial states and nothing else.",
             "What is missing to its packets is said in [scale](../scale.md)."]
    for case in CASES:
        lines += ["", f"## {case['name']}", "", f"{case['GBps']:g} GB/s a port, {case['latency_us']:g} us a message.", "",
                  "| size | SimAI (ns-3) | simulated | differs by |", "|---|---|---|---|"]
        for i, (published, here) in enumerate(zip(case["published"], simulate(tutti, case))):
            lines.append(f"| {16 << i} MiB | {published:.2f} | {here:.2f} | {here / published - 1:+.1%} |")
    (HERE / "simai.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
