#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The captures in pcap/: made by their generator byte for byte, and what each replay shows."""
import os
import re
import subprocess
import sys
import tempfile

from replay import IP, UDP, ZONES, main, payload
from scene import SipTest

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "pcap")
# story: (packets in, packets out on wan0, on lan0), SIP counters, drops
STORIES = {
    "trunk-call": ((20, 9, 10), {"INVITE": 1, "200": 2, "BYE": 1, "call_made": 1, "call_ended": 1,
                                 "media_opened": 4}, {"nat_unsolicited": 1}),
    "hold-resume": ((27, 14, 13), {"INVITE": 3, "200": 4, "ACK": 3, "media_opened": 4,
                                   "call_ended": 1}, {}),
    "registration": ((2, 1, 1), {"REGISTER": 1, "200": 1, "call_made": 0}, {}),
    "registered-inbound": ((16, 8, 8), {"REGISTER": 1, "INVITE": 1, "180": 1, "call_made": 1,
                                        "call_ended": 1}, {}),
    "challenged-cancelled": ((9, 5, 4), {"INVITE": 2, "CANCEL": 1, "4xx": 2, "call_made": 1,
                                         "call_ended": 1}, {}),
    "malformed": ((11, 11, 0), {"malformed": 8, "keepalives": 2, "OPTIONS": 1, "call_made": 0,
                                "messages_edited": 1}, {}),
    "early-media": ((14, 6, 7), {"183": 1, "INVITE": 1, "call_ended": 1}, {"pinhole_source": 1}),
}


class Stories(SipTest):
    def play(self, story, **options):
        frames = {}
        for side in ("lan", "wan"):
            path = os.path.join(FOLDER, f"{story}.{side}.pcap")
            if os.path.exists(path):
                frames[side + "0"] = path
        return self.replay(self.config(zones=ZONES), frames, **options)

    def test_generator_writes_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, os.path.join(FOLDER, "generate.py"), folder],
                           check=True, timeout=60)
            made = sorted(os.listdir(folder))
            self.assertEqual(made, sorted(n for n in os.listdir(FOLDER) if n.endswith(".pcap")))
            for name in made:
                with open(os.path.join(folder, name), "rb") as new, \
                        open(os.path.join(FOLDER, name), "rb") as old:
                    self.assertEqual(new.read(), old.read(), name)

    def test_every_story_is_in_the_index_and_replayed(self):
        with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
            index = set(re.findall(r"^\| `([a-z-]+)` \|", file.read(), re.MULTILINE))
        files = {n.split(".")[0] for n in os.listdir(FOLDER) if n.endswith(".pcap")}
        self.assertEqual(files, index)
        self.assertEqual(files, set(STORIES))

    def test_stories_end_as_the_index_says(self):
        for story, ((read, wan, lan), counters, drops) in STORIES.items():
            with self.subTest(story):
                result = self.play(story)
                self.assertEqual((result.count("replay read"), len(result.ip("wan0")),
                                  len(result.ip("lan0"))), (read, wan, lan))
                self.assertEqual({n: result.count("sip " + n) for n in counters}, counters)
                self.assertEqual(result.drops(), drops)
                self.assert_nothing_left(result)
                for port in ("lan0", "wan0"):
                    for packet in result.ip(port):
                        self.assert_checksums(packet)
                self.assert_all_gone(self.play(story, drain=1200))

    def test_no_inside_address_leaves(self):
        inside = re.compile(rb"(Via|Contact|From|o=|c=).*10\.0\.0\.[56]\b")
        for story in STORIES:
            if story == "malformed":
                continue
            for packet in self.play(story).ip("wan0"):
                self.assertNotIn(packet[IP].src, ("10.0.0.5", "10.0.0.6"))
                for line in payload(packet).split(b"\r\n"):
                    self.assertIsNone(inside.match(line.split(b";")[0]), line)
                self.assertIn(UDP, packet)


if __name__ == "__main__":
    main()
