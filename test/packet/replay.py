# SPDX-License-Identifier: BSD-3-Clause
"""Packets through the whole pipeline: captures in, captures and counters out (callgate --replay)."""
import io
import os
import subprocess
import sys
import tempfile
import unittest
from functools import cached_property

from scapy.all import (ARP, ICMP, IP, TCP, UDP, Dot1Q, Ether, Raw, conf,  # noqa: F401
                       rdpcap, wrpcap)

conf.verb = 0

LAN, WAN = "10.0.0.1", "203.0.113.1"      # callgate's own addresses
PBX, PHONE = "10.0.0.5", "10.0.0.6"        # inside hosts
TRUNK, FAR = "198.51.100.10", "198.51.100.20"  # outside hosts, behind the gateway
GATEWAY = "203.0.113.254"
STATION, OTHER = "02:11:11:11:11:11", "02:22:22:22:22:22"

PORTS = """
ports: ( { name = "lan0"; driver = "null"; }, { name = "wan0"; driver = "null"; } );
interfaces: (
  { name = "lan"; port = "lan0"; addresses = ["10.0.0.1/24"]; nat = "inside"; %(inside)s },
  { name = "wan"; port = "wan0"; addresses = ["203.0.113.1/24"]; nat = "outside"; %(outside)s } );
routes: ( { prefix = "0.0.0.0/0"; via = "203.0.113.254"; } );
"""
DYNAMIC = """{ kind = "dynamic"; inside = ["10.0.0.0/24"]; interface = "wan"; overload = true; }"""
ZONES = """
zones: ["inside", "outside"];
class_maps: ( { name = "sip-class"; match = "any"; protocols = ["sip"]; } );
policy_maps: ( { name = "sip-policy"; classes: (
  { class = "sip-class"; action = "inspect"; }, { class = "class-default"; action = "drop"; } ); } );
zone_pairs: (
  { name = "in-out"; source = "inside"; destination = "outside"; policy = "sip-policy"; },
  { name = "out-in"; source = "outside"; destination = "inside"; policy = "sip-policy"; } );
"""


def configuration(rules=DYNAMIC, zones="", nat="", workers=1, extra="", system=""):
    """A configuration text: two ports, inside and outside, the rules and zones given."""
    inside, outside = ('zone = "inside";', 'zone = "outside";') if zones else ("", "")
    return (f'system: {{ worker_cores = {[0] * workers}; max_flows = 4096; max_calls = 1024; '
            f'log: {{ level = "warning"; }}; {system} }};\n'
            + PORTS % {"inside": inside, "outside": outside}
            + f"nat: {{ rules: ( {rules} ); {nat} }};\n" + zones + extra)


class Result:
    """What a replay left: out[port] packets, counters {"drop ip_header": 1, ...}, log text."""

    def __init__(self, counters, files, log):
        self.counters, self.files, self.log = counters, files, log

    @cached_property
    def out(self):
        return {name[:-5]: list(rdpcap(io.BytesIO(data))) if len(data) > 24 else []
                for name, data in self.files.items()}

    def ip(self, port):
        """IPv4 packets that left by a port (ARP left aside)."""
        return [p for p in self.out[port] if IP in p]

    def count(self, name):
        return self.counters.get(name, 0)

    def drops(self):
        """Drop reasons with their counts, those of consumed packets left aside."""
        return {name[5:]: n for name, n in self.counters.items()
                if name.startswith("drop ") and not name.endswith("_consumed")}


class ReplayTest(unittest.TestCase):
    """Base of packet tests: callgate's path and the worker count come from the environment."""

    callgate = os.environ.get("CALLGATE", "build/app/callgate")
    workers = int(os.environ.get("CALLGATE_WORKERS", "1"))

    def replay(self, config, frames, drain=0, arp="answer", seed=1):
        """Run frames {port: [frame or (seconds, frame)]}, or {port: file name of a capture}.

        Frames without a time come 1 ms apart.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "callgate.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(config)
            command = [self.callgate, "-c", path, "--replay-out", folder, "--replay-arp", arp,
                       "--replay-drain", str(drain), "--seed", str(seed)]
            clock = 0.0
            for port, packets in frames.items():
                if isinstance(packets, str):
                    command += ["--replay", packets, "--replay-from", port]
                    continue
                timed = []
                for packet in packets:
                    when, frame = packet if isinstance(packet, tuple) else (clock, packet)
                    clock = max(clock, when) + 0.001
                    if not isinstance(frame, (bytes, Ether)):
                        frame = Ether(src=STATION, dst=OTHER) / frame
                    frame = Ether(frame) if isinstance(frame, bytes) else frame.copy()
                    frame.time = 1700000000 + when
                    timed.append(frame)
                name = os.path.join(folder, f"in-{port}.pcap")
                wrpcap(name, timed, linktype=1)
                command += ["--replay", name, "--replay-from", port]
            done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            files = {}
            for entry in sorted(os.listdir(folder)):
                if entry.endswith(".pcap") and not entry.startswith("in-"):
                    with open(os.path.join(folder, entry), "rb") as capture:
                        files[entry] = capture.read()
            counters = {}
            for line in done.stdout.splitlines():
                words = line.rsplit(" ", 1)
                if len(words) == 2 and words[1].isdigit():
                    counters[words[0]] = int(words[1])
            result = Result(counters, files, done.stderr)
            self.assert_balance(result)
            return result

    def config(self, **arguments):
        return configuration(workers=self.workers, **arguments)

    def assert_balance(self, result):
        """What began has ended or stands, and every packet left, was dropped or is held: no counter
        counts twice or never."""
        def event(name):
            return result.count("event " + name)
        for thing, opened, ended, standing in (
                ("flow", "created", ("expired", "closed"), "flows"),
                ("binding", "created", ("closed",), "translations"),
                ("door", "opened", ("closed",), "doors"),
                ("pinhole", "opened", ("closed",), "pinholes")):
            self.assertEqual(
                event(f"{thing}_{opened}"), sum(event(f"{thing}_{end}") for end in ended)
                + result.count("summary " + standing), f"{thing}s opened, ended and standing")
        drops = sum(n for name, n in result.counters.items() if name.startswith("drop "))
        if result.count("drop no_mbuf") == 0:
            # Joined fragments become one packet, a split one becomes fragments.
            self.assertEqual(
                event("rx_packets") + event("arp_request_out") + event("icmp_error_out")
                + event("tcp_sip_reset") + event("datagrams_joined") + event("fragments_out")
                + event("stream_segments_out") + event("stream_messages_dropped"),
                event("tx_packets") + drops + result.count("summary mbufs")
                + event("fragments_joined") + event("packets_fragmented"), "packets in and out")

    def assert_nothing_left(self, result):
        """No call, media door, media pinhole or held packet after the run."""
        for name in ("calls", "media_doors", "media_pinholes", "mbufs", "datagrams", "fragments",
                     "stream_buffers"):
            self.assertEqual(result.count("summary " + name), 0, name)

    def assert_checksums(self, packet):
        """IPv4, UDP and TCP checksums of a packet are what Scapy computes."""
        fresh = packet[IP].copy()
        for layer in (IP, UDP, TCP, ICMP):
            if layer in fresh:
                del fresh[layer].chksum
        fresh = IP(bytes(fresh))
        for layer in (IP, UDP, TCP, ICMP):
            if layer in fresh and not (layer is UDP and packet[UDP].chksum == 0):
                self.assertEqual(packet[layer].chksum, fresh[layer].chksum, layer.__name__)


def udp(src, dst, sport, dport, payload=b"payload", **ip):
    return IP(src=src, dst=dst, **ip) / UDP(sport=sport, dport=dport) / Raw(payload)


def payload(packet):
    """Bytes above layer 4 of a captured packet, whatever Scapy takes them for."""
    data = packet[IP].original[packet[IP].ihl * 4:packet[IP].len]
    return data[packet[TCP].dataofs * 4 if packet[IP].proto == 6 else 8:]


def main():
    sys.exit(not unittest.main(exit=False).result.wasSuccessful())
