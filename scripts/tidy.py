"""Runs clang-tidy on the project's sources, those that changed last first, within a time; says how many it did not reach."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time


def newest_first(files):
    """Files in the order in which commits touched them last, uncommitted changes first."""
    log = subprocess.run(["git", "log", "--format=", "--name-only"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run(["git", "diff", "--name-only", "HEAD"], capture_output=True, text=True).stdout
    order = {}
    for name in (changed + log).split():
        order.setdefault(os.path.realpath(name), len(order))
    return sorted(files, key=lambda file: order.get(file, len(order)))


def tidy(build, file):
    result = subprocess.run(["clang-tidy", "--quiet", "-p", build, file], capture_output=True, text=True)
    return file, result.returncode, result.stdout


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", required=True, help="folder with compile_commands.json")
    options.add_argument("--minutes", type=float, default=8)
    options = options.parse_args()
    commands = json.loads((pathlib.Path(options.build) / "compile_commands.json").read_text())
    root = os.getcwd()
    outside = (os.path.join(root, "build"), os.path.join(root, "tests"))
    files = {os.path.realpath(entry["file"]) for entry in commands}
    files = newest_first(file for file in files if file.startswith(root) and not file.startswith(outside))
    end = time.monotonic() + options.minutes * 60
    looked_at, faulty, late = 0, 0, 0

    def one(file):
        return tidy(options.build, file) if time.monotonic() < end else (file, None, "")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, code, text in pool.map(one, files):
            if code is None:
                late += 1
                continue
            looked_at += 1
            if code != 0:
                faulty += 1
                print(text, flush=True)
    print(f"clang-tidy: {looked_at} files looked at, {faulty} with faults, {late} not reached in {options.minutes:g} min")
    return 1 if faulty or not looked_at else 0


if __name__ == "__main__":
    sys.exit(main())
