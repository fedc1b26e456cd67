#!/usr/bin/env python3
"""Every kernel, type by type, as a share of what memory allows: the tables of docs/performance-kernels.md.

    perf/kernels.py                    measure, and print; a minute and a half
    perf/kernels.py --write            and put the tables into docs/performance-kernels.md
    perf/kernels.py --results FOLDER --seconds 30     where the machine is free for half a minute at a time: goes on where it stopped

Needs build/release (or --build) with -DTUTTI_PERF=ON. Let nothing else run meanwhile. Who measures, and how, is in
perf/kernels_benchmark.cpp: kernel and limit take turns on the same buffers, and a share is the median of up to 15 turns.
"""
import argparse
import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance-kernels.md"
BEGIN, END = "<!-- begin: perf/kernels.py -->", "<!-- end: perf/kernels.py -->"
PLACES = ["L1", "L2", "LLC", "memory"]
WITHOUT_VECTORS = "SCALAR"  # from memory it would take longer than all else, and arithmetic is its limit anywhere


def fail(text):
    sys.exit(f"perf/kernels.py: {text}")


class OutOfTime(Exception):
    """What is still to be measured waits for the next start."""


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


def measure(benchmark, folder, seconds):
    """{set: {place: {type: {what: line}}}}; what the folder has already is not measured again."""
    end = time.monotonic() + seconds if seconds else None
    sets = list(dict.fromkeys(line.split("/")[0] for line in run([benchmark, "--benchmark_list_tests"]).split("\n") if "/" in line))
    found = {}
    for name in sets:
        for place in PLACES:
            if name == WITHOUT_VECTORS and place == "memory":
                continue
            out = folder / f"{name}-{place}.json"
            if not out.exists():
                if end and time.monotonic() > end:
                    raise OutOfTime
                unfinished = out.with_suffix(".part")
                run([benchmark, f"--benchmark_filter=^{name}/.*/{place}/", f"--benchmark_out={unfinished}", "--benchmark_out_format=json"])
                unfinished.rename(out)
            for line in json.loads(out.read_text())["benchmarks"]:
                _, kind, what, _ = line["name"].split("/")[:4]
                found.setdefault(name, {}).setdefault(place, {}).setdefault(kind, {})[what] = line
    return found


def table(head, rows):
    return ["", "| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]


def worst_of(lines):
    """The least share of a type in a place, and of what."""
    what = min(lines, key=lambda one: lines[one]["share"])
    return f"{lines[what]['share']:.2f} ({what})"


def text_of(found, below):
    best, places = next(((name, found[name]) for name in found), (None, None))
    kinds = list(places["L2"])
    whats = list(places["L2"][kinds[0]])
    text = ["", f"### The worst share of each type, {best}"]
    text += table(["type", *PLACES], ([kind, *(worst_of(places[place][kind]) for place in PLACES)] for kind in kinds))
    text += ["", f"Below {below:g} from L2 outward:", ""]
    for kind in kinds:
        low = [(place, [f"{what} {line['share']:.2f}" for what, line in places[place][kind].items() if line["share"] < below])
               for place in PLACES[1:]]
        text += [f"- {kind}: " + ("; ".join(f"{place}: {', '.join(names)}" for place, names in low if names) or "nothing")]
    text += ["", f"### What arithmetic costs in L1, {best}", "",
             "Picoseconds a byte read or written, beyond those of the limit (an f32 addition of as many buffers, or memcpy)."]
    text += table(["type", *whats], ([kind, *(
        f"{max(0, 1e3 / line['GBps'] - 1e3 / line['limit_GBps']):.1f}" for line in (places["L1"][kind][what] for what in whats))]
        for kind in kinds))
    for name, places in found.items():
        for place, lines in places.items():
            limit = [line["limit_GBps"] for line in lines["float"].values()]
            text += ["", f"### {name}, {place}", "", f"Shares of the limit, which was {min(limit):.0f} to {max(limit):.0f} GB/s."]
            text += table(["type", *whats], ([kind, *(f"{lines[kind][what]['share']:.2f}" for what in whats)] for kind in lines))
    return text


def machine():
    names = re.findall(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return f"{names[0] if names else 'unknown processor'}, one core"


def write_page(text):
    page = PAGE.read_text()
    if BEGIN not in page or END not in page:
        fail(f"{PAGE} has no place for the tables: it needs the lines {BEGIN} and {END}")
    body = "\n".join(text)
    PAGE.write_text(re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{body}\n{END}", page, flags=re.S))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="the build's folder")
    parser.add_argument("--below", type=float, default=0.8, help="list what has less than this share")
    parser.add_argument("--results", type=pathlib.Path, metavar="FOLDER", help="keep what is measured there, and measure only what it lacks")
    parser.add_argument("--seconds", type=float, default=0, help="begin nothing after this time; needs --results")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance-kernels.md")
    options = parser.parse_args()
    benchmark = options.build.resolve() / "perf" / "kernels_benchmark"
    if not benchmark.exists():
        fail(f"there is no {benchmark}: cmake --preset release -DTUTTI_PERF=ON && cmake --build --preset release -t kernels_benchmark")
    if options.seconds and not options.results:
        parser.error("--seconds needs --results FOLDER: what is measured must be kept")
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = measure(benchmark, options.results or pathlib.Path(folder), options.seconds)
        except OutOfTime:
            sys.exit(f"perf/kernels.py: out of time; start it again with --results {options.results} to go on")
    text = [f"Machine: {machine()}. {datetime.date.today().isoformat()}. Command: `perf/kernels.py --write`.", *text_of(found, options.below)]
    print("\n".join(text))
    if options.write:
        write_page(text)


if __name__ == "__main__":
    main()
