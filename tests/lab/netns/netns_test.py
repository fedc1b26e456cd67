"""Jobs over several hosts: results, deaths, links that go, and what the lab leaves behind. Needs root.

    python3 tests/lab/netns/netns_test.py build/release/bin/tutti [CASE...]
"""
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import job
import network

TUTTI = os.path.abspath(sys.argv.pop(1))
PERF = [TUTTI, "perf", "all_reduce", "-b", "8", "-e", "1M", "-f", "32", "-n", "2", "-w", "1", "-c", "1"]
SKIPPED = 77

SERVE = """
import socket, sys
with socket.create_server((sys.argv[1], 4000)) as door:
    peer = door.accept()[0]
    while peer.recv(1 << 16): pass
"""
SEND = """
import socket, sys, time
for _ in range(100):
    try: peer = socket.create_connection((sys.argv[1], 4000)); break
    except OSError: time.sleep(0.05)
begin = time.monotonic()
for _ in range(100): peer.sendall(bytes(1 << 16))
peer.shutdown(socket.SHUT_WR)
peer.recv(1)
print(time.monotonic() - begin)
"""


def namespaces(of):
    return [name for name in os.listdir(network.NAMESPACES) if name.startswith(f"{network.PREFIX}{of}-")]


def transports():
    """What can carry data between hosts in this build."""
    said = subprocess.run([TUTTI, "info", "--json"], capture_output=True, text=True, check=True).stdout
    return [name for name in ("ucx", "ofi") if f'"{name}"' in said]


class Links(unittest.TestCase):
    def test_carry_no_more_than_their_rate(self):
        with network.Network(hosts=2, rate="100mbit") as hosts:
            there = hosts.address(1)
            hosts.start(1, [sys.executable, "-c", SERVE, there])
            sender = hosts.start(0, [sys.executable, "-c", SEND, there], stdout=subprocess.PIPE, text=True)
            seconds = float(sender.communicate(timeout=60)[0])
        self.assertGreater(seconds, 100 * (1 << 16) * 8 / 100e6 * 0.9)

    def test_lead_to_every_host_on_every_rail(self):
        with network.Network(hosts=3, nics=2, rate=None) as hosts:
            for nic in range(2):
                there = hosts.address(2, nic)
                server = hosts.start(2, [sys.executable, "-c", SERVE, there])
                sender = hosts.start(0, [sys.executable, "-c", SEND, there], stdout=subprocess.PIPE)
                sender.communicate(timeout=60)
                self.assertEqual((sender.returncode, server.wait(10)), (0, 0))


class Jobs(unittest.TestCase):
    def test_are_right_over_every_transport(self):
        for transport in transports():
            for collective in ("all_reduce", "all_to_all", "reduce_scatter", "broadcast"):
                with self.subTest(transport=transport, collective=collective):
                    with network.Network(hosts=3, rate="1gbit") as hosts:
                        argv = [TUTTI, "perf", collective, *PERF[3:]]
                        table = job.run(hosts, 2, argv, {"TUTTI_TRANSPORTS": f"shm,{transport}"}, timeout=120)
                    self.assertIn("# Out of bounds values : 0 OK", table)

    def test_that_lose_a_host_fail_everywhere_and_name_it(self):
        with network.Network(hosts=3, rate="1gbit") as hosts:
            argv = [TUTTI, "perf", "all_reduce", "-b", "1M", "-e", "1M", "-n", "100000", "-c", "0"]

            def end_rank_2():
                time.sleep(3)
                hosts.processes[2].kill()

            killer = threading.Thread(target=end_rank_2)
            killer.start()
            with self.assertRaises(job.Failed) as failed:
                job.run(hosts, 1, argv, timeout=60)
            killer.join()
        self.assertIn("2: -9", str(failed.exception))
        for survivor in (0, 1):
            self.assertRegex(str(failed.exception), rf"rank {survivor}: .*rank 2 \(node host2\) is lost")

    def test_whose_link_goes_down_end_within_their_deadline(self):
        with network.Network(hosts=2, rate="1gbit") as hosts:
            argv = [TUTTI, "perf", "all_reduce", "-b", "1M", "-e", "1M", "-n", "100000", "-c", "0"]

            def unplug():
                time.sleep(3)
                network.ip("-n", hosts.name(1), "link", "set", "eth0", "down")

            unplugger = threading.Thread(target=unplug)
            unplugger.start()
            with self.assertRaises(job.Failed) as failed:
                job.run(hosts, 1, argv, {"TUTTI_TIMEOUT": "3s"}, timeout=60)
            unplugger.join()
        self.assertRegex(str(failed.exception), r"rank 0: .*rank 1")
        self.assertNotIn("did not end", str(failed.exception))

    def test_on_an_interface_that_does_not_exist_are_told_which_there_are(self):
        with network.Network(hosts=2, rate=None) as hosts:
            with self.assertRaises(job.Failed) as failed:
                job.run(hosts, 1, PERF, {"TUTTI_IFACE": "=eth9"}, timeout=60)
        self.assertIn("eth9", str(failed.exception))
        self.assertIn("eth0", str(failed.exception))


class Leftovers(unittest.TestCase):
    def start_lab(self):
        lab = os.path.join(os.path.dirname(__file__), "lab.py")
        argv = [sys.executable, "-B", lab, "--hosts", "2", "--", "sleep", "1000"]
        process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while len(namespaces(process.pid)) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(1)
        return process

    def test_are_none_after_an_interruption(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                lab = self.start_lab()
                lab.send_signal(number)
                self.assertNotEqual(lab.wait(30), 0)
                self.assertEqual(namespaces(lab.pid), [])

    def test_of_a_kill_are_removed_by_the_next_lab(self):
        lab = self.start_lab()
        lab.kill()
        lab.wait()
        self.assertNotEqual(namespaces(lab.pid), [])
        with network.Network(hosts=1, rate=None):
            pass
        self.assertEqual(namespaces(lab.pid), [])


if __name__ == "__main__":
    try:
        with network.Network(hosts=2):
            pass
    except (network.Unavailable, FileNotFoundError) as why_not:
        print(f"network namespaces cannot be made here: {why_not}")
        sys.exit(SKIPPED)
    unittest.main()
