"""Counts what ctest reported: one line for every test that failed or was skipped, then "passed failed skipped"."""
import sys
import xml.etree.ElementTree as xml


def reason(case):
    """Why a test was skipped: GoogleTest says it in the output, between the location and the mark."""
    lines = (case.findtext("system-out") or "").splitlines()
    said = [line for line in lines if line.strip() and not line.startswith(("[", "Running main", "Note: Google Test"))]
    return " ".join(said)[:300] or "no reason given"


def main():
    preset, report = sys.argv[1], sys.argv[2]
    passed = failed = skipped = 0
    for case in xml.parse(report).getroot().iter("testcase"):
        status = case.get("status")
        if case.find("skipped") is not None or status in ("notrun", "disabled"):
            skipped += 1
            print(f"skipped: {preset}: {case.get('name')}: {reason(case)}")
        elif case.find("failure") is not None or status == "fail":
            failed += 1
            print(f"FAILED: {preset}: {case.get('name')}")
        else:
            passed += 1
    print(passed, failed, skipped)


if __name__ == "__main__":
    main()
