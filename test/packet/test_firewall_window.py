#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""inspect.tcp_window_check: numbers of TCP segments, where policy inspects and nowhere else."""
from replay import ReplayTest, main
from scene import INSPECT, Scene
from test_nat_tcp import Connection

CHECK = "inspect: { tcp_window_check = true; };\n"


class Window(ReplayTest):
    def scene(self, action="inspect", check=True):
        return Scene(self, zones=INSPECT % action if action else "", extra=CHECK if check else "")

    def established(self, scene, window=1000, scale=None):
        """The inside expects 9001 next, the outside 5001; each lets the other send this much."""
        one = Connection(scene)
        options = [("WScale", scale)] if scale is not None else []
        one.out("S", seq=5000, window=window, options=options)
        one.back("SA", seq=9000, ack=5001, window=window, options=options)
        one.out("A", seq=5001, ack=9001, window=window)
        one.back("A", seq=9001, ack=5001, window=window)
        return one

    def check(self, passes, *segments, **opened):
        """Segments, one after the other, and which of them pass."""
        scene = self.scene()
        one = self.established(scene, **opened)
        events = [getattr(one, way)("PA", data, seq=seq, ack=ack, window=1000)
                  for way, data, seq, ack in segments]
        later = one.out("PA", b"on", seq=5001, ack=9001, window=1000)
        result = scene.run()
        self.assertEqual([len(e.sent) for e in events], passes)
        self.assertEqual(len(later.sent), 1)
        refused = passes.count(0)
        self.assertEqual(result.drops(), {"tcp_window": refused} if refused else {})

    def test_data_that_the_receiver_did_not_ask_for_is_dropped(self):
        self.check([1], ("back", b"x" * 1000, 9001, 5001))
        self.check([0], ("back", b"x" * 1001, 9001, 5001))
        self.check([0], ("back", b"x", 9001 + 2**30, 5001))
        self.check([1, 1], ("out", b"x" * 500, 5001, 9001), ("out", b"x" * 500, 5501, 9001))
        self.check([1, 0], ("out", b"x" * 500, 5001, 9001), ("out", b"x" * 501, 5501, 9001))

    def test_windows_are_scaled(self):
        self.check([1, 0], ("back", b"x" * 1000, 9001 + 7000, 5001),
                   ("back", b"x" * 1001, 9001 + 7000, 5001), scale=3)

    def test_what_was_never_sent_is_not_acknowledged(self):
        self.check([0, 1, 1], ("back", b"", 9001, 5002), ("out", b"x", 5001, 9001),
                   ("back", b"", 9001, 5002))

    def test_old_segments_pass_for_a_window_and_no_longer(self):
        self.check([1, 0], ("back", b"x", (9001 - 66000) % 2**32, 5001),
                   ("back", b"x", (9001 - 66001) % 2**32, 5001))

    def test_segments_in_fragments_pass(self):
        scene = self.scene()
        one = self.established(scene, window=4000)
        whole = one.out("PA", b"x" * 3000, seq=5001, ack=9001)
        scene.events.remove(whole)
        frames = whole.frame.copy()
        for part in frames.fragment(1400):
            scene.add("lan0", part)
        told = one.back("A", seq=9001, ack=8001, window=4000)
        unsent = one.back("A", seq=9001, ack=9002, window=4000)
        result = scene.run()
        self.assertEqual([len(told.sent), len(unsent.sent)], [1, 0])
        self.assertEqual(result.drops(), {"tcp_window": 1})

    def test_only_what_is_inspected_is_judged_and_only_when_asked(self):
        for action, check in (("inspect", False), ("pass", True), (None, True)):
            scene = self.scene(action, check)
            one = self.established(scene)
            events = [one.back("PA", b"x" * 1001, seq=9001, ack=5001),
                      one.back("PA", b"x", seq=9001 + 2**30, ack=77)]
            result = scene.run()
            self.assertEqual([len(e.sent) for e in events], [1, 1], (action, check))
            self.assertEqual(result.drops(), {})

    def test_the_next_connection_of_the_same_ports_is_judged_by_its_own_numbers(self):
        scene = self.scene()
        one = self.established(scene)
        one.out("FA", seq=5001, ack=9001)
        one.back("FA", seq=9001, ack=5002)
        one.out("A", seq=5002, ack=9002)
        one.out("S", seq=70000, window=1000)
        one.back("SA", seq=2**31 + 5, ack=70001, window=1000)
        one.out("A", seq=70001, ack=2**31 + 6, window=1000)
        right = one.back("PA", b"x", seq=2**31 + 6, ack=70001, window=1000)
        wrong = one.back("PA", b"x", seq=9002, ack=70001, window=1000)
        result = scene.run()
        self.assertEqual([len(right.sent), len(wrong.sent)], [1, 0])
        self.assertEqual(result.drops(), {"tcp_window": 1})


if __name__ == "__main__":
    main()
