"""Jobs over several hosts: results, deaths, links that go, and what the lab leaves behind. Needs root.

    python3 tests/lab/netns/netns_test.py build/release/bin/tutti [CASE...]
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
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

    def test_of_experts_are_right_over_every_transport_and_both_routes(self):
        """`tutti perf moe` compares every row and result itself, before and after it measures."""
        batch = ["--tokens", "48", "--hidden", "512", "--experts", "18", "--topk", "4", "--routing", "all"]
        for transport in transports():
            for route in ("direct", "hierarchical"):
                with self.subTest(transport=transport, route=route):
                    with network.Network(hosts=3, rate="1gbit") as hosts:
                        argv = [TUTTI, "perf", "moe", *batch, "--route", route, "-n", "2", "-w", "1", "-c", "1"]
                        table = job.run(hosts, 2, argv, {"TUTTI_TRANSPORTS": f"shm,{transport}"}, timeout=120)
                    self.assertIn("# Results : OK", table)
                    self.assertEqual(table.count("yes"), 5, table)

    def test_of_experts_send_a_row_to_a_host_once(self):
        """What the wire carried, as the interfaces counted it, against the rows that had to cross."""
        with network.Network(hosts=3, rate="1gbit") as hosts, tempfile.NamedTemporaryFile("r") as document:
            argv = [TUTTI, "perf", "moe", "--tokens", "128", "--hidden", "4096", "--experts", "18", "--route", "hierarchical",
                    "-n", "4", "-w", "0", "-c", "0", "-J", document.name]
            job.run(hosts, 2, argv, timeout=120)
            carried = sum(hosts.carried(host, 0) for host in range(3))
            row = json.load(document)["rows"][0]
        self.assertLess(row["amp"], 1.02)
        self.assertGreater(carried, 4 * row["bound_bytes"])

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


    def test_on_an_interface_without_address_or_that_is_down_are_told_so(self):
        with network.Network(hosts=2, nics=2, rate=None) as hosts:
            for host in range(2):
                network.ip("-n", hosts.name(host), "address", "flush", "dev", "eth1")
            for what, change in (("eth1 has no address", []), ("eth1 is down", ["link", "set", "eth1", "down"])):
                for host in range(2):
                    if change:
                        network.ip("-n", hosts.name(host), *change)
                with self.assertRaises(job.Failed) as failed:
                    job.run(hosts, 1, PERF, {"TUTTI_IFACE": "=eth1"}, timeout=60)
                self.assertIn(what, str(failed.exception))

    def test_forced_onto_a_transport_that_does_not_reach_are_told_which_does(self):
        with network.Network(hosts=2, rate=None) as hosts:
            with self.assertRaises(job.Failed) as failed:
                job.run(hosts, 1, PERF, {"TUTTI_TRANSPORTS": "shm"}, timeout=60)
        self.assertIn("none of the allowed transports (shm) reaches other nodes: allow ucx or ofi", str(failed.exception))

    def test_on_a_device_that_does_not_exist_are_told_so_at_init(self):
        for transport, environment, said in (("ucx", {"UCX_NET_DEVICES": "mlx5_9:1"}, "none of the devices mlx5_9:1"),
                                             ("ofi", {"FI_PROVIDER": "efa"}, "FI_PROVIDER")):
            if transport not in transports():
                continue
            with self.subTest(transport=transport), network.Network(hosts=2, rate=None) as hosts:
                with self.assertRaises(job.Failed) as failed:
                    job.run(hosts, 1, PERF, {"TUTTI_TRANSPORTS": transport, **environment}, timeout=60)
                self.assertRegex(str(failed.exception), f"init of rank . of 2 failed.*{said}")

    def test_need_no_locked_memory_where_nothing_is_registered(self):
        for transport in transports():
            with self.subTest(transport=transport), network.Network(hosts=2, rate=None) as hosts:
                argv = ["sh", "-c", f"ulimit -l 0 && exec {' '.join(PERF)}"]
                self.assertIn("# Out of bounds values : 0 OK",
                              job.run(hosts, 1, argv, {"TUTTI_TRANSPORTS": transport}, timeout=120))


MACHINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../data/machines/two-core.xml")


class Topology(unittest.TestCase):
    def test_of_hosts_that_nobody_reports_is_measured(self):
        """Each rank says that it is a node of its own: only the wires tell which of them are on one host."""
        with network.Network(hosts=3, rate="100mbit") as hosts:
            argv = ["sh", "-c", f"TUTTI_NODE_ID=rank$TUTTI_RANK exec {TUTTI} topo --measure --json"]
            measured = json.loads(job.run(hosts, 2, argv, timeout=120))
        self.assertEqual(measured["nodes"], 6)
        found = [level for level in measured["levels"] if level["groups"] == [[0, 1], [2, 3], [4, 5]]]
        self.assertEqual(len(found), 1, measured)
        self.assertGreater(found[0]["sure"], 0.7)
        self.assertLess(measured["levels"][-1]["bandwidth_GBps"], 0.02)
        self.assertGreater(found[0]["bandwidth_GBps"], measured["levels"][-1]["bandwidth_GBps"])

    def test_knows_what_ranks_of_a_host_share(self):
        with network.Network(hosts=2, rate="100mbit") as hosts:
            measured = json.loads(job.run(hosts, 2, [TUTTI, "topo", "--measure", "--json"], timeout=120))
        cluster = measured["fabric"]["levels"][-1]
        self.assertEqual(cluster["oversubscription"]["provenance"], "measured")
        self.assertAlmostEqual(cluster["oversubscription"]["value"], 2, delta=0.6)

    def ask(self, hosts, transport):
        argv = ["sh", "-c", f"exec taskset -c $((TUTTI_RANK % 2)) {TUTTI} topo --why 0 3 --json"]
        environment = {"HWLOC_XMLFILE": MACHINE, "HWLOC_THISSYSTEM": "1", "TUTTI_TRANSPORTS": f"shm,{transport}"}
        return json.loads(job.run(hosts, 2, argv, environment, timeout=60))

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "ranks of a host need a processor each")
    def test_gives_each_rank_the_nic_near_its_processors(self):
        for transport in transports():
            with self.subTest(transport=transport), network.Network(hosts=2, nics=2, joined=True) as hosts:
                why = self.ask(hosts, transport)
                self.assertEqual((why["one"]["nic"]["name"], why["other"]["nic"]["name"]), ("eth0", "eth1"), why)
                self.assertEqual(why["other"]["nic"]["near"], "1")
                self.assertIn("in one NUMA node with processors 0", why["one"]["nic"]["reason"])
                self.assertIn("eth0", why["one"]["path"])
                self.assertIn("eth1", why["other"]["path"])

    def test_gives_ranks_their_share_where_there_are_more_nics_than_ranks(self):
        for transport in transports():
            with self.subTest(transport=transport), network.Network(hosts=2, nics=2, rate="200mbit", joined=True) as hosts:
                environment = {"HWLOC_XMLFILE": MACHINE, "HWLOC_THISSYSTEM": "1", "TUTTI_TRANSPORTS": transport}
                argv = [TUTTI, "perf", "all_reduce", "-b", "16M", "-e", "16M", "-n", "3", "-w", "1", "-c", "1"]
                table = job.run(hosts, 1, argv, environment, timeout=120)
                self.assertIn("# Out of bounds values : 0 OK", table)
                carried = [hosts.carried(0, nic) for nic in range(2)]
                self.assertGreater(min(carried), 0.8 * max(carried))

    def test_that_a_transport_cannot_use_as_it_was_chosen_ends_no_job(self):
        """UCX looks for interfaces in /sys and finds no eth1 there, and yet eth1 is chosen for every other rank."""
        hide = "mount -t tmpfs lab /sys/class/net && ln -s ../../devices/virtual/net/eth0 /sys/class/net/eth0"
        argv = ["unshare", "--mount", "sh", "-c", f"{hide} && exec {' '.join(PERF)}"]
        environment = {"HWLOC_XMLFILE": MACHINE, "HWLOC_THISSYSTEM": "1", "TUTTI_TRANSPORTS": "shm,ucx"}
        with network.Network(hosts=2, nics=2, joined=True) as hosts:
            self.assertIn("# Out of bounds values : 0 OK", job.run(hosts, 2, argv, environment, timeout=120))

    def test_leaves_all_nics_in_use_where_they_lead_into_different_networks(self):
        with network.Network(hosts=2, nics=2) as hosts:
            why = self.ask(hosts, "ucx")
        self.assertEqual(why["one"]["nic"]["name"], "")
        self.assertIn("different networks (10.77.0.0/16; 10.78.0.0/16)", why["one"]["nic"]["reason"])


class Rails(unittest.TestCase):
    def carried(self, transport, **network_options):
        """Bytes that each NIC of host 0 sent for checked all-reduces of 16 MiB between two hosts with two NICs."""
        with network.Network(hosts=2, nics=2, **network_options) as hosts:
            argv = [TUTTI, "perf", "all_reduce", "-b", "16M", "-e", "16M", "-n", "3", "-w", "1", "-c", "1"]
            table = job.run(hosts, 1, argv, {"TUTTI_TRANSPORTS": transport}, timeout=120)
            self.assertIn("# Out of bounds values : 0 OK", table)
            return [hosts.carried(0, nic) for nic in range(2)]

    def test_that_are_equal_carry_equally_much(self):
        for transport in transports():
            with self.subTest(transport=transport):
                first, second = self.carried(transport, rate="200mbit")
                self.assertGreater(min(first, second), 0.8 * max(first, second))

    def test_that_are_slow_carry_less(self):
        for transport in transports():
            with self.subTest(transport=transport):
                first, slow = self.carried(transport, rate="200mbit", slow={(0, 1): "40mbit", (1, 1): "40mbit"})
                self.assertGreater(slow, 0.02 * first)
                self.assertLess(slow, 0.4 * first)

    def test_that_do_not_reach_the_peer_carry_nothing_and_hinder_nobody(self):
        for transport in transports():
            with self.subTest(transport=transport):
                with network.Network(hosts=2, nics=2, rate="200mbit") as hosts:
                    network.ip("-n", hosts.switch, "link", "set", "h1n1", "nomaster")
                    argv = [TUTTI, "perf", "all_reduce", "-b", "16M", "-e", "16M", "-n", "3", "-w", "1", "-c", "1"]
                    table = job.run(hosts, 1, argv, {"TUTTI_TRANSPORTS": transport}, timeout=120)
                    self.assertIn("# Out of bounds values : 0 OK", table)
                    self.assertLess(hosts.carried(0, 1), 1 << 16)

    def test_are_as_many_as_allowed(self):
        for transport in transports():
            with self.subTest(transport=transport):
                with network.Network(hosts=2, nics=2, rate="200mbit") as hosts:
                    argv = [TUTTI, "perf", "all_reduce", "-b", "4M", "-e", "4M", "-n", "3", "-w", "1", "-c", "1"]
                    environment = {"TUTTI_TRANSPORTS": transport, "TUTTI_RAILS": "1"}
                    job.run(hosts, 1, argv, environment, timeout=120)
                    carried = [hosts.carried(0, nic) for nic in range(2)]
                    self.assertLess(min(carried), 0.05 * max(carried))


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
