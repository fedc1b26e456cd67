#!/usr/bin/env python3
"""Simulates an all-reduce of 8 B to 8 GiB on every preset and writes all_reduce.md beside this file.

    docs/scale/tables.py [build/release/bin/tutti]
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
PRESETS = sorted(path.stem for path in (ROOT / "topology/fabric/presets").glob("*.json"))

# Part of the cluster, where the whole would take minutes: ranks that all do something else, in many segments.
RANKS = {"kunlun-p800-32k": 31744, "tpu-v4": 1024}


def size(number):
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= factor:
            return f"{number / factor:g} {unit}"
    return f"{number} B"


def time(us):
    return f"{us / 1e3:.3g} ms" if us >= 1e3 else f"{us:.3g} us"


def table(tutti, preset):
    command = [tutti, "sim", "all_reduce", "--preset", preset, "--bytes", "8:8G", "--factor", "32", "--json"]
    if preset in RANKS:
        command += ["--ranks", str(RANKS[preset])]
    document = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    levels = ", ".join(f"{level['units']} {level['name']}" for level in document["levels"])
    weakest = "assumed" if document.get("assumed") else "not assumed"
    lines = [f"## {preset}", "", f"{document['ranks']} ranks ({levels}); numbers partly {weakest}: `tutti topo --preset {preset}`."
             if document.get("assumed") else f"{document['ranks']} ranks ({levels}).", "",
             "| size | time | bus bandwidth | rounds | bound | of bound | predicted | way |",
             "|---|---|---|---|---|---|---|---|"]
    for row in document["rows"]:
        way = row["way"].replace("|", "\\|") + (f"/{row['segments']}" if row["segments"] > 1 else "")
        lines.append(f"| {size(row['bytes'])} | {time(row['time_us'])} | {row['busbw_GBps']:.3g} GB/s | {row['rounds']} | "
                     f"{time(row['bound_us'])} | {row['fraction_of_bound'] * 100:.0f} % | {time(row['predicted_us'])} | `{way}` |")
    print(f"{preset}: {document['wall_ms']:.0f} ms", file=sys.stderr)
    return "\n".join(lines)


def main():
    tutti = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/bin/tutti")
    head = ("# All-reduce on every preset, simulated\n\nWritten by `docs/scale/tables.py`. What the columns mean, and what is not "
            "simulated: [scale](../scale.md).\n\n")
    (HERE / "all_reduce.md").write_text(head + "\n\n".join(table(tutti, preset) for preset in PRESETS) + "\n")


if __name__ == "__main__":
    main()
