#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""SIP statistics by pair of zones: each counts its own, over all workers."""
from replay import TRUNK, main
from scene import OutgoingCall, SipTest
from sip_text import Call, sdp



class SipStatistics(SipTest):
    def pair(self, result, source, destination):
        prefix = f"sip_pair {source} {destination} "
        return {name[len(prefix):]: count for name, count in result.counters.items()
                if name.startswith(prefix)}

    def test_statistics_by_zone_pair(self):
        scene = self.scene()
        calls = []
        for n in range(8):
            calls.append(OutgoingCall(scene, Call(call_id=f"out-{n}"), port=10000 + 2 * n))
            calls[-1].establish()
        for call in calls:
            call.hang_up()
        # Calls of the other side, on the same flow: refused.
        for n in range(5):
            theirs = Call(caller=TRUNK, callee="203.0.113.1", via=f"{TRUNK}:5060",
                          contact=f"{TRUNK}:5060", remote="203.0.113.1:5060", uri="203.0.113.1",
                          call_id=f"in-{n}")
            scene.wan(theirs.request("INVITE", 1, sdp(TRUNK, 20000 + 2 * n)))
            scene.lan(theirs.seen({"203.0.113.1": "10.0.0.5"}).response(486, 1, "INVITE"))
        result = scene.run(drain=400)
        for call in calls:
            call.check_texts()
        out = self.pair(result, "inside", "outside")
        back = self.pair(result, "outside", "inside")
        self.assertEqual({name: out.get(name) for name in (
            "INVITE", "ACK", "BYE", "100", "180", "200", "200_INVITE", "200_BYE", "4xx",
            "call_made", "call_ended", "media_opened", "media_closed")}, {
                "INVITE": 8, "ACK": 8, "BYE": 8, "100": 8, "180": 8, "200": 16, "200_INVITE": 8,
                "200_BYE": 8, "4xx": None, "call_made": 8, "call_ended": 8, "media_opened": 32,
                "media_closed": 32})
        self.assertEqual({name: back.get(name) for name in (
            "INVITE", "4xx", "200", "call_made", "call_ended", "media_opened", "media_closed")}, {
                "INVITE": 5, "4xx": 5, "200": None, "call_made": 5, "call_ended": 5,
                "media_opened": 10, "media_closed": 10})
        for name, count in result.counters.items():
            if name.startswith("sip "):
                self.assertEqual(out.get(name[4:], 0) + back.get(name[4:], 0), count, name)


if __name__ == "__main__":
    main()
