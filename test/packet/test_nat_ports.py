#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Outside ports: who has which, for how long, and when another may have it."""
from replay import FAR, IP, PBX, PHONE, TCP, UDP, main, udp
from scene import OutgoingCall, SipTest
from sip_text import Call, sdp

OTHER = "10.0.0.7"


class Held(SipTest):
    """Ports that rest after their use (RFC 6888 REQ-8)."""

    def two_calls(self, nat):
        """A call of one phone; when it is over another phone uses its ports inside. Its first far
        end, which did not hear the BYE, goes on sending for a while."""
        scene = self.scene(nat=nat)
        call = OutgoingCall(scene)
        call.establish()
        before = call.media_in()
        call.hang_up()
        scene.wait(5)
        # ended calls answer for 32 s; the ports are free, or rest, long before
        text = Call(caller=PHONE, via=f"{PHONE}:5060", contact=f"{PHONE}:5060", call_id="two")
        next_one = scene.lan(text.request("INVITE", 1, sdp(PHONE, 10000)), src=PHONE)
        late = [call.media_in(), call.media_in(1)]
        scene.wait(130)
        text = Call(caller=OTHER, via=f"{OTHER}:5060", contact=f"{OTHER}:5060", call_id="three")
        last = scene.lan(text.request("INVITE", 1, sdp(OTHER, 10000)), src=OTHER)
        result = scene.run(drain=1)
        self.assertEqual(len(before.sent), 1)
        return result, next_one, late, last

    @staticmethod
    def port(invite):
        line, = (line for line in invite.payload.split(b"\r\n") if line.startswith(b"m="))
        return int(line.split()[1])

    def test_media_of_an_ended_call_does_not_reach_the_next(self):
        result, next_one, late, last = self.two_calls("")
        self.assertNotEqual(self.port(next_one), 10000)
        self.assertEqual(self.port(next_one) % 2, 0)
        self.assert_stopped(*late)
        # after two minutes anybody may have it
        self.assertEqual(self.port(last), 10000)
        self.assertEqual(result.drops(), {"nat_unsolicited": 2})

    def test_without_a_hold_it_does(self):
        _, next_one, late, _ = self.two_calls("port_hold: { seconds = 0; };")
        self.assertEqual(self.port(next_one), 10000)
        for event in late:
            self.assertEqual([port for port, _ in event.sent], ["lan0"])

    def test_held_ports_are_counted_apart(self):
        scene = self.scene()
        call = OutgoingCall(scene)
        call.establish()
        call.hang_up()
        result = scene.run(drain=40)
        self.assertEqual(result.count("summary ports"), 1)     # of the signalling
        self.assertEqual(result.count("summary held_ports"), 2)
        result = scene.run(drain=170)
        self.assertEqual(result.count("summary held_ports"), 0)

    def test_udp_rests_and_tcp_does_not(self):
        config = self.config(nat="timeouts: { udp = 10; tcp_transitory = 10; };")

        def syn(src):
            return IP(src=src, dst=FAR) / TCP(sport=4000, dport=80, flags="S")
        result = self.replay(config, {"lan0": [
            (0, udp(PBX, FAR, 4000, 5000)), (0, syn(PBX)),
            (30, udp(PHONE, FAR, 4000, 5000)), (30, syn(PHONE)),
            (200, udp(OTHER, FAR, 4000, 5000)), (200, syn(OTHER))]})
        first, second, third = (p[UDP].sport for p in result.ip("wan0") if UDP in p)
        self.assertEqual((first, third), (4000, 4000))
        self.assertNotEqual(second, 4000)
        self.assertEqual([p[TCP].sport for p in result.ip("wan0") if TCP in p], 3 * [4000])


if __name__ == "__main__":
    main()
