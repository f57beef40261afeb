#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One scene of forty calls with 1, 2 and 4 workers: each call's texts are the same once outside
ports are mapped to ordinals, and so is what it ends with."""
import re
from itertools import zip_longest

from replay import ZONES, main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, Call, sdp

CALLS, TOGETHER = 40, 8
WORKERS = (1, 2, 4)
# Two inside hosts use the same media ports: half of the outside ports have to be others.
HOSTS = (PBX, PHONE)


def host_of(number):
    return HOSTS[number % 2]


def port_of(number):
    return 10000 + 2 * (number // 2)


def messages(number):
    """[(outward, text)] of a call. The far side answers the PBX, whose outside port is known."""
    host, port = host_of(number), port_of(number)
    call = Call(call_id=f"call-{number}@{host}", caller=host, via=f"{host}:5060",
                contact=f"{host}:5060", from_tag=f"a{number}", to_tag=f"b{number}")
    invite = (True, call.request("INVITE", 1, sdp(host, port)))
    hold = (True, call.request("INVITE", 2, sdp(host, port, version=2, direction="inactive"),
                               tagged=True))
    if host == PHONE:
        return [invite, invite, (True, call.request("CANCEL", 1)) if number % 5 == 4 else hold]
    outside = call.seen()
    if number % 5 == 4:
        return [invite, invite, (False, outside.response(486))]
    answer = (False, outside.response(200, body=sdp(FAR, 20000 + 2 * number)))
    return [invite, invite, (False, outside.response(180)), answer,
            (True, call.request("ACK", 1)), hold, (True, call.request("BYE", 3)),
            (False, outside.response(200, 3, "BYE"))]


def ordinals(test, text, seen):
    """Numbers instead of outside ports, in the order in which the call first shows them; the
    length of a body, which changes with them, is checked here."""
    def name(match):
        return match.group(1) + b"#%d" % seen.setdefault(match.group(2), len(seen))
    head, body = text.split(b"\r\n\r\n", 1)
    length = b"Content-Length: %d" % len(body)
    test.assertIn(length, head)
    return re.sub(rb"(203\.0\.113\.1:|m=audio )(\d+)", name, text.replace(length, b"length"))


class Workers(SipTest):
    def run_with(self, workers):
        """What left of each call, and the result; a whole call of known ports comes last."""
        self.workers = workers
        scene, events = self.scene(zones=ZONES), [[] for _ in range(CALLS)]
        for first in range(0, CALLS, TOGETHER):
            numbers = range(first, first + TOGETHER)
            for turn in zip_longest(*(messages(number) for number in numbers)):
                for number, message in zip(numbers, turn):
                    if message is not None:
                        outward, text = message
                        events[number].append(scene.lan(text, src=host_of(number)) if outward
                                              else scene.wan(text))
        whole = OutgoingCall(scene, Call(call_id="whole"), port=20000)
        whole.establish()
        media = [(whole.media_out(), whole.out_ends()), (whole.media_in(), whole.in_ends())]
        whole.hang_up()
        result = scene.run()
        whole.check_texts()
        for event, ends in media:
            self.assert_media(event, ends)
        return events, result

    def texts_of(self, events):
        """Texts of each call with ordinals, and how many calls have another outside port."""
        texts, changed = [], 0
        for number, call in enumerate(events):
            outward = [e.payload for e in call if e.port == "lan0"]
            changed += b"m=audio %d " % port_of(number) not in outward[0]
            seen = {}
            texts.append([ordinals(self, e.payload, seen) if e.port == "lan0" else e.payload
                          for e in call])
        return texts, changed

    def test_each_call_reads_the_same_with_one_two_and_four_workers(self):
        runs, handed = [], []
        for workers in WORKERS:
            events, result = self.run_with(workers)
            texts, changed = self.texts_of(events)
            runs.append(texts)
            self.assertGreaterEqual(changed, CALLS // 4, "other outside ports")
            handed.append(result.count("event handoff_out"))
            self.assert_sip(result, call_made=CALLS + 1, retransmissions=CALLS, malformed=0,
                            without_record=0)
            self.assertEqual(result.count("summary calls"), CALLS // 2, "the phone's calls ring")
        for workers, texts in zip(WORKERS[1:], runs[1:]):
            for number in range(CALLS):
                self.assertEqual(texts[number], runs[0][number], f"{workers}, call {number}")
        self.assertEqual(handed[0], 0)
        self.assertGreater(min(handed[1:]), CALLS, "messages go to their owner")


if __name__ == "__main__":
    main()
