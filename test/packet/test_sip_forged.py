#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""SIP over TCP: what who sees nothing of a connection can send into it (RFC 5961, 5927)."""
from replay import ICMP, IP, TCP, Raw, main, payload
from scene import SipTest
from sip_text import PBX, PHONE, TRUNK, WAN, Call, sdp
from test_sip_connections import Connection, over_tcp

ROUTER = "203.0.113.254"


def texts(cseq):
    """A message as the phone says it, and as it arrives."""
    return [Call(caller=host, via=f"{host}:33000", contact=f"{host}:33000").request(
        "INVITE", cseq, sdp(host)) for host in (PHONE, WAN)]


class Forged(SipTest):
    def talk(self, scene):
        """A connection on which an INVITE has grown; and a function for one more message."""
        connection = Connection(scene, "lan0", (PHONE, 33000), (TRUNK, 5060), (WAN, 33000),
                                (TRUNK, 5060))
        connection.open()
        self.message(connection, 1)
        return connection

    def message(self, connection, cseq):
        return connection.send(0, *texts(cseq))

    def forge(self, connection, side, flags, data=b"", **numbers):
        (src, sport), (dst, dport) = connection.ends[side]
        return connection.scene.add(connection.ports[side], IP(src=src, dst=dst) / TCP(
            sport=sport, dport=dport, flags=flags, window=65000, **numbers) / Raw(data))

    def assert_read(self, sent):
        event, expected = sent
        self.assertEqual(len(event.sent), 1)
        self.assertEqual(payload(event.sent[0][1]).decode(), expected.decode())

    def test_resets_of_any_number(self):
        """They end nothing, a quarter of a minute later neither; one near is asked, the exact one passes."""
        scene = self.scene()
        connection = self.talk(scene)
        blind = [self.forge(connection, side, "R", seq=0xdeadbeef) for side in (0, 1)]
        near = self.forge(connection, 1, "R", seq=connection.next[1] + 1000)
        asked = ("A", connection.seen[1], connection.next[1])
        scene.wait(15)
        message = self.message(connection, 2)
        meant = self.forge(connection, 0, "R", seq=connection.next[0])
        result = scene.run(drain=1)
        for event in blind:
            self.assertEqual(event.sent, [])
        self.assertEqual([(p[TCP].flags, p[TCP].seq, p[TCP].ack) for _, p in near.sent],
                         [asked])
        self.assert_read(message)
        self.assertEqual([(port, p[TCP].flags, p[TCP].seq) for port, p in meant.sent],
                         [("wan0", "R", connection.seen[1])])
        self.assertEqual(result.drops(), {"tcp_rst_sequence": 3})

    def test_syn_that_would_pass_unread(self):
        """It changes nothing until the other end has answered it."""
        scene = self.scene()
        connection = self.talk(scene)
        self.forge(connection, 1, "S", b"x", seq=77)
        message = self.message(connection, 2)
        self.forge(connection, 0, "S", b"fast open", seq=777)
        self.forge(connection, 1, "SA", seq=7777, ack=787)
        text = over_tcp(Call().request("OPTIONS", 3))
        unread = self.forge(connection, 0, "PA", text, seq=787, ack=7778)
        result = scene.run(drain=1)
        self.assert_read(message)
        self.assertEqual([payload(p) for _, p in unread.sent], [text])
        self.assertEqual(result.drops(), {})
        self.assertEqual(result.count("event stream_closed"), 1)

    def test_path_mtu(self):
        """A router quotes what is on its way; others have guessed."""
        for right in (False, True):
            scene = self.scene()
            connection = self.talk(scene)
            text, arrives = map(over_tcp, texts(2))
            sent = connection.segment(0, "PA", text)
            seq = connection.seen[1] if right else connection.seen[1] + 0x10000000
            error = scene.add("wan0", IP(src=ROUTER, dst=WAN) / ICMP(
                type=3, code=4, nexthopmtu=300) / IP(src=WAN, dst=TRUNK, flags="DF", id=0) / TCP(
                    sport=33000, dport=5060, seq=seq, flags="PA"))
            scene.run(drain=1)
            self.assertEqual(payload(sent.sent[0][1]), arrives)
            again = [p for port, p in error.sent if port == "wan0"]
            self.assertEqual(b"".join(bytes(p[TCP].payload) for p in again),
                             arrives if right else b"")
            for packet in again:
                self.assertLessEqual(packet[IP].len, 300)

    def test_syns_without_answer_give_way(self):
        """All streams are theirs; a second later another host's connection is read."""
        scene = self.scene(extra="sip: { max_streams = 32; max_streams_per_host = 128; };")
        for moment in range(40):
            scene.add("lan0", IP(src=PBX, dst=TRUNK) / TCP(sport=40000 + moment, dport=5060,
                                                           flags="S", seq=1))
        scene.wait(2)
        connection = Connection(scene, "lan0", (PHONE, 33000), (TRUNK, 5060), (WAN, 33000),
                                (TRUNK, 5060))
        connection.open()
        sent = self.message(connection, 1)
        result = scene.run(drain=1)
        self.assert_read(sent)
        self.assertEqual(result.count("event stream_limit"), 8)


if __name__ == "__main__":
    main()
