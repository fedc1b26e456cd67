#!/usr/bin/env python3
"""How well `tutti sim` predicts what `tutti perf` measures: the same plans, run and simulated.

    perf/accuracy.py --data docs/accuracy/shm.json --ranks 2 4 8 [--seconds 40]
    perf/accuracy.py --data docs/accuracy/lab.json --lab 4 --ranks 4 8                # needs root
    perf/accuracy.py --data docs/accuracy/shm.json --report [--cases]                 # the tables again

Calibrated by two ranks only (tutti tune -n 2): once with a processor each, and once sharing one. What the second rank on a processor
adds to any time, every further one adds again; what a processor reduces is shared by its ranks. In the lab (tests/lab/netns) two
hosts with a rank each give the network; ranks of one host share its link. Every algorithm is forced, out of place and in place.

A machine that others use has phases of seconds to minutes in which all that goes from core to core takes two to four times as long. So
a collective on so many ranks is a *batch*: probes, all its cases --jobs times by turns, of which the least counts, and the first probe
again. Where the two differ by more than --steady, the batch is discarded, and measured again. Each batch is simulated with its own
probes. Batches go into the data file as they come: --seconds N begins none that would take longer, and the next start goes on.
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
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZES = [64 << (4 * i) for i in range(5)]  # 64 B to 4 MiB
ALGORITHMS = {"all_reduce": ["ring", "circulant", "recursive_doubling", "rabenseifner", "one_shot", "two_shot", "tree"],
              "all_gather": ["ring", "circulant", "bruck", "direct"]}


class Shm:
    """Ranks on this machine."""
    failed = (subprocess.CalledProcessError,)

    def __init__(self, args):
        self.args = args

    def run(self, ranks, command, settings, one_processor=False):
        launch = ["taskset", "-c", "0"] if one_processor else []
        bind = ["--bind", "core"] if not one_processor and not self.crowds(ranks) else []
        subprocess.run(launch + [self.args.command, "run", "-n", str(ranks), *bind, "--", *command], check=True, capture_output=True, text=True,
                       timeout=120, env=dict(os.environ, TUTTI_TRANSPORTS="shm", TUTTI_TUNING="off", **settings))

    def probes(self, ranks):
        """Two ranks: with a processor each, and on one."""
        return [("two", self, False)] + ([("sharing", self, True)] if self.crowds(ranks) else [])

    def crowds(self, ranks):
        return ranks > os.cpu_count()


class Lab:
    """Hosts as network namespaces, with links of a given rate."""

    def __init__(self, args):
        sys.path.insert(0, str(ROOT / "tests" / "lab" / "netns"))
        import job
        import network
        self.job, self.args, self.failed = job, args, (job.Failed,)
        self.hosts = network.Network(args.lab, 1, args.rate).__enter__()
        self.pair = types.SimpleNamespace(hosts=2, start=self.hosts.start)

    def run(self, ranks, command, settings, one_processor=False):
        settings = dict(settings, TUTTI_TRANSPORTS="shm,ucx", TUTTI_TUNING="off")
        if one_processor:
            command = ["taskset", "-c", "0", *command]
        if ranks == 2:
            self.job.run(self.pair, 1, command, settings, timeout=120)
        else:
            self.job.run(self.hosts, ranks // self.args.lab, command, settings, timeout=120)

    def probes(self, ranks):
        """A rank on each of two hosts, the same way; and two ranks of one host."""
        node = Shm(self.args)
        return [("wire", self, False), ("wire sharing", self, True)] + (node.probes(ranks) if ranks > self.args.lab else [])

    def close(self):
        self.hosts.__exit__(None, None, None)


def probe(args, place, ranks, one_processor):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        file = pathlib.Path(folder) / "links.json"
        place.run(ranks, [args.command, "tune", "--output", str(file)], {}, one_processor)
        return json.loads(file.read_text())["sites"][0]["links"]


def pace(links):
    """What shows the phase that the machine is in: a message of 64 KiB, in us."""
    level = links["levels"][0]
    return level["exchange_us"][5] if "exchange_us" in level else level["latency_us"] + 65.536 / level["bandwidth_GBps"]


def measure(args, place, ranks, collective, algorithm):
    """A job's medians in us by size, out of place and in place, or why there are none."""
    found = {"out_of_place": {}, "in_place": {}}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        out = pathlib.Path(folder) / "perf.json"
        # One sweep: short calls go through as much memory as long ones, and find as little of it in caches as a probe's do.
        sweep = f"-b {SIZES[0]} -e {SIZES[-1]} -f 16 -n {args.iterations} -w 8 -c 0 -J {out}"
        try:
            place.run(ranks, [args.command, "perf", collective, *sweep.split()], {"TUTTI_ALGO": f"{collective}:{algorithm}/1"})
        except place.failed as error:
            return {"not run": (str(getattr(error, "stderr", None) or error).strip().splitlines() or ["no reason"])[-1]}
        for row in json.loads(out.read_text())["rows"]:
            for situation in found:
                # The mean has in it what others took of the machine, the slowest rank's median that ranks began at different times.
                found[situation][str(row["bytes"])] = min(row[situation]["mean_us"], row[situation]["time_us"]["p50"])
    return found


def least(known, times):
    if known is None or "not run" in times or "not run" in known:
        return times
    return {situation: {size: min(us, known[situation][size]) for size, us in of.items()} for situation, of in times.items()}


def batch(args, place, ranks, collective):
    """Probes, cases, and the first probe again: nothing where the two disagree."""
    probes = {name: probe(args, where, 2, one) for name, where, one in place.probes(ranks)}
    measured = {}
    for _ in range(args.jobs):
        for algorithm in ALGORITHMS[collective]:
            measured[algorithm] = least(measured.get(algorithm), measure(args, place, ranks, collective, algorithm))
    name, where, one_processor = place.probes(ranks)[0]
    again = probe(args, where, 2, one_processor)
    ratio = pace(again) / pace(probes[name])
    steady = 1 / args.steady <= ratio <= args.steady
    return {"ranks": ranks, "collective": collective, "probes": probes, "pace": [pace(probes[name]), pace(again)],
            "measured": measured} if steady else {"pace": [pace(probes[name]), pace(again)]}


def collect(args, data):
    place = Lab(args) if args.lab else Shm(args)
    begin = time.monotonic()
    longest = 0
    try:
        wanted = [(ranks, collective) for ranks in args.ranks for collective in ALGORITHMS]
        while missing := [one for one in wanted
                          if sum((b["ranks"], b["collective"]) == one for b in data["batches"]) < args.batches]:
            if time.monotonic() - begin + longest > args.seconds:
                print(f"{len(missing)} batches are missing: start it again")
                return False
            started = time.monotonic()
            made = batch(args, place, *missing[0])
            longest = max(longest, time.monotonic() - started)
            print(f"{missing[0]}: 64 KiB took {made['pace'][0]:.1f} and {made['pace'][1]:.1f} us"
                  f"{'' if 'measured' in made else ': discarded'} ({longest:.0f} s)", flush=True)
            if "measured" in made:
                data["batches"].append(made)
            else:
                data["discarded"] += 1
            args.data.parent.mkdir(exist_ok=True)
            args.data.write_text(json.dumps(data, separators=(",", ":")) + "\n")
    finally:
        if args.lab:
            place.close()
    return True


def crowded(probes, on_each, alone="two", shared="sharing"):
    """A link and rates when so many ranks share each of this machine's processors: what the second rank on a processor adds to any
    time, every further one adds again; rates are shared."""
    alone, shared = probes[alone], probes.get(shared, probes[alone])
    grow = lambda one, two: one + (on_each - 1) * max(0, two - one)
    a, b = alone["levels"][0], shared["levels"][0]
    link = {"latency_us": grow(a["latency_us"], b["latency_us"]), "overhead_us": grow(a["overhead_us"], b["overhead_us"]),
            "bandwidth_GBps": a["bandwidth_GBps"] / on_each, "uplink_GBps": 0, "error": 0}
    for times in ("exchange_us", "window_us"):
        if times in a:
            link[times] = [grow(one, two) for one, two in zip(a[times], b.get(times, a[times]))]
    if "combine_GBps" in a:
        link["combine_GBps"] = a["combine_GBps"] / on_each
    return {"link": link, "call_us": grow(alone.get("call_us", 0), shared.get("call_us", 0)),
            "reduce_GBps": alone["reduce_GBps"] / on_each, "copy_GBps": alone["copy_GBps"] / on_each}


def tuning(data, batch):
    """A tutti.tuning/1 document, and the levels as --levels takes them."""
    hosts, ranks, probes = data["hosts"], batch["ranks"], batch["probes"]
    on_each = max(1, ranks / data["cores"])
    if hosts:
        # Bytes wait for the wire, and not for a processor.
        wire = crowded(probes, on_each, "wire", "wire sharing")
        rate = probes["wire"]["levels"][0]["bandwidth_GBps"]
        outer = {**wire["link"], "bandwidth_GBps": rate}
    if not hosts or ranks > hosts:
        node = crowded(probes, on_each)
        links, sizes, rates = [node["link"]], [ranks], node
        if hosts:
            links, sizes = [node["link"], {**outer, "uplink_GBps": rate}], [ranks // hosts, hosts]
    else:
        links, sizes, rates = [outer], [hosts], wire
    site = {"fingerprint": "0" * 16, "ranks": ranks, "nodes": hosts or 1, "levels": " x ".join(str(size) for size in sizes),
            "transports": "shm,ucx", "cores": data["cores"], "cpu": "probed", "choices": [],
            "links": {"provenance": "measured", "levels": links, "probes": 1, "seconds": 1,
                      **{name: rates[name] for name in ("call_us", "reduce_GBps", "copy_GBps")}}}
    return {"schema": "tutti.tuning/1", "sites": [site]}, "x".join(str(size) for size in sizes)


def simulate(args, data, batch, algorithm, situation):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "links.json"
        document, levels = tuning(data, batch)
        file.write_text(json.dumps(document))
        command = [args.command, "sim", batch["collective"], "--levels", levels, "--tuning", str(file), "--bytes",
                   f"{SIZES[0]}:{SIZES[-1]}", "--factor", "16", "--algorithm", f"{algorithm}/1", "--json"]
        job = subprocess.run(command + (["--in-place"] if situation == "in_place" else []), capture_output=True, text=True, timeout=60)
    if job.returncode != 0:
        sys.exit(f"accuracy.py: {job.stderr.strip()}")
    return {row["bytes"]: row["time_us"] for row in json.loads(job.stdout)["rows"]}


def cases_of(args, data):
    cases = []
    for number, one in enumerate(data["batches"]):
        for algorithm, times in one["measured"].items():
            for situation, of in times.items():
                if situation == "not run":
                    continue
                simulated = simulate(args, data, one, algorithm, situation)
                for size, us in of.items():
                    # What does not divide by the ranks is less than was asked for.
                    nearest = min(simulated, key=lambda known: abs(known - int(size)))
                    cases.append({"batch": number, "collective": one["collective"], "ranks": one["ranks"], "situation": situation,
                                  "algorithm": algorithm, "bytes": int(size), "measured_us": us, "simulated_us": simulated[nearest]})
    return cases


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))]


def line(name, cases):
    errors = [abs(case["simulated_us"] / case["measured_us"] - 1) for case in cases]
    best = near = picks = 0
    key = lambda c: (c["batch"], c["situation"], c["bytes"])
    for question in sorted({key(c) for c in cases}):
        these = [c for c in cases if key(c) == question]
        pick = min(these, key=lambda case: case["simulated_us"])["measured_us"]
        fastest = min(case["measured_us"] for case in these)
        picks, best, near = picks + 1, best + (pick == fastest), near + (pick <= 1.05 * fastest)
    bias = statistics.median(case["simulated_us"] / case["measured_us"] for case in cases)
    return (f"| {name} | {len(cases)} | {statistics.median(errors):.0%} | {quantile(errors, 0.9):.0%} | {bias:.2f} | {best} of {picks} | "
            f"{near} of {picks} |")


def report(args, data):
    cases = cases_of(args, data)
    print("| cases | number | median error | p90 error | simulated / measured | pick is best | pick within 5 % |\n|---|---|---|---|---|---|---|")
    ranks = sorted({case["ranks"] for case in cases})
    for n in ranks:
        for collective in ALGORITHMS:
            these = [c for c in cases if c["ranks"] == n and c["collective"] == collective]
            if these:
                print(line(f"{collective}, {n} ranks", these))
    for size in sorted({case["bytes"] for case in cases}):
        print(line(f"{size} B", [case for case in cases if case["bytes"] == size]))
    for situation in ("out_of_place", "in_place"):
        print(line(situation.replace("_", " "), [case for case in cases if case["situation"] == situation]))
    print(line("all", cases))
    if args.cases:
        for case in cases:
            print(f"{case['collective']} {case['ranks']} {case['algorithm']} {case['situation']} {case['bytes']}: "
                  f"{case['measured_us']:.1f} us, simulated {case['simulated_us']:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=str(ROOT / "build/release/bin/tutti"), type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--ranks", nargs="+", type=int, default=[2, 4, 8])
    parser.add_argument("--lab", type=int, default=0, help="so many hosts instead of one")
    parser.add_argument("--rate", default="1gbit", help="of a host's link in the lab")
    parser.add_argument("--jobs", type=int, default=2, help="of a case in a batch: the least of their medians counts")
    parser.add_argument("--batches", type=int, default=1, help="of each collective on so many ranks")
    parser.add_argument("--steady", type=float, default=1.25, help="by how much the probes of a batch may differ")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1e9, help="begin nothing that would take longer")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--cases", action="store_true", help="show each of them")
    args = parser.parse_args()
    data = json.loads(args.data.read_text()) if args.data.exists() else {}
    data.setdefault("cores", os.cpu_count())
    data.setdefault("hosts", args.lab)
    data.setdefault("batches", [])
    data.setdefault("discarded", 0)
    if data["hosts"] != args.lab and not args.report:
        sys.exit(f"accuracy.py: {args.data} is of {data['hosts']} hosts in the lab, and --lab says {args.lab}: name another file")
    if args.report or collect(args, data):
        report(args, data)


if __name__ == "__main__":
    main()
