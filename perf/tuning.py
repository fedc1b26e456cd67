#!/usr/bin/env python3
"""How near the plan that follows from `tutti tune` is to the best one that could be forced.

    perf/tuning.py --command build/release/bin/tutti [--jobs 2 4 4x2] [--collectives all_reduce] [--data FILE]

A job is a number of ranks, or ranks x nodes (tutti run --nodes). Each is tuned afresh into a file of its own; then every way that
the planner knows is forced at sizes of 8 B to 8 MiB, by turns in one job so that what disturbs the machine disturbs all
alike (tutti perf --tune). Counted are the sizes at which the planner's first choice, with the measured links, takes at most 5 %
longer than the fastest way. --untuned shows the same without the measured links.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

NEAR = 1.05


def run(command, environment=None):
    job = subprocess.run(command, env={**os.environ, "TUTTI_TUNING": "off", **(environment or {})}, capture_output=True, text=True,
                         timeout=900)
    if job.returncode != 0:
        sys.exit(f"tuning.py: {' '.join(command)}: {job.stderr.strip()}")
    return job.stdout


def race(args, launch, collective, tuned, environment):
    """Of each size: the model's choice, its time, the best and its time."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "race.json"
        if tuned:
            file.write_text(tuned)
            environment = dict(environment, TUTTI_TUNING=str(file))
        for begin, end, times in (("8", "32K", 4), ("128K", "8M", 1)):  # what is short is called more often
            run(launch + ["--", args.command, "perf", collective, "-b", begin, "-e", end, "-f", str(args.factor), "-n",
                          str(times * args.iterations), "--tune-ways", "64", "--tune", str(file)], environment)
        choices = json.loads(file.read_text())["sites"][0]["choices"]
    return [{"bytes": one["measured_bytes"], "model": one["model"], "best": one["best"]} for one in choices]


def tune(args, launch, environment):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "links.json"
        run(launch + ["--", args.command, "tune", "--output", str(file)], environment)
        return file.read_text()


def near(rows):
    return sum(row["model"]["us"] <= NEAR * row["best"]["us"] for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--jobs", nargs="+", default=["2", "4", "4x2"])
    parser.add_argument("--collectives", nargs="+", default=["all_reduce"])
    parser.add_argument("--factor", type=int, default=4, help="from one size to the next")
    parser.add_argument("--iterations", type=int, default=9)
    parser.add_argument("--untuned", action="store_true", help="the same without the measured links, beside it")
    parser.add_argument("--data", type=pathlib.Path, help="write what was measured to this file, beside other jobs that it holds")
    args = parser.parse_args()
    results = json.loads(args.data.read_text())["results"] if args.data and args.data.exists() else []
    results = [one for one in results if one["job"] not in args.jobs or one["collective"] not in args.collectives]
    print("| collective | ranks | tuned: within 5 % | untuned: within 5 % | links measured |\n|---|---|---|---|---|")
    for text in args.jobs:
        ranks, _, nodes = text.partition("x")
        launch = [args.command, "run", "-n", ranks] + (["--nodes", nodes] if nodes else [])
        links = tune(args, launch, {})
        for collective in args.collectives:
            with_links = race(args, launch, collective, links, {})
            without = race(args, launch, collective, None, {}) if args.untuned else []
            measured = json.loads(links)["sites"][0]["links"]
            results.append({"job": text, "collective": collective, "links": measured, "tuned": with_links, "untuned": without})
            print(f"| {collective} | {text} | {near(with_links)} of {len(with_links)} | {near(without)} of {len(without)} | "
                  f"{measured['probes']} probes, {measured['seconds']:.2g} s |", flush=True)
    rows = [row for result in results for row in result["tuned"]]
    print(f"\nall jobs: within 5 % of the best at {near(rows)} of {len(rows)} sizes: {near(rows) / len(rows):.0%}")
    if args.data:
        args.data.parent.mkdir(exist_ok=True)
        args.data.write_text(json.dumps({"cores": os.cpu_count(), "results": results}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
