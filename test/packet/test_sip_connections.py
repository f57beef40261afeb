#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""SIP over TCP through doors: who may connect to whom, until when, and that it is read as SIP."""
from replay import DYNAMIC, IP, TCP, Raw, main, payload
from scene import INSPECT, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, register, registered, sdp

LISTENS = 5062                # no port of SIP: what a packet to it is, a message has said
OVER_TCP = ";transport=tcp"


def over_tcp(text):
    return text.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")


class Connection:
    """Segments of one connection as events of a scene. Each end numbers what it has sent and seen."""

    def __init__(self, scene, port, opener, addressed, seen_as, reached):
        """`opener` connects to `addressed`; there, at `reached`, it is `seen_as`: (address, port)."""
        self.scene = scene
        self.ports = (port, "wan0" if port == "lan0" else "lan0")
        self.ends = ((opener, addressed), (reached, seen_as))
        self.next, self.seen = [1000, 5000], [0, 0]

    def segment(self, side, flags, data=b""):
        (src, sport), (dst, dport) = self.ends[side]
        event = self.scene.add(self.ports[side], IP(src=src, dst=dst) / TCP(
            sport=sport, dport=dport, flags=flags, seq=self.next[side],
            ack=self.seen[side] if "A" in flags else 0, window=65000) / Raw(data))
        self.next[side] += len(data) + ("S" in flags or "F" in flags)
        return event

    def open(self):
        """The SYN's event, and those of the whole handshake."""
        events = []
        for side, flags in ((0, "S"), (1, "SA"), (0, "A")):
            events.append(self.segment(side, flags))
            self.seen[1 - side] = self.next[side]
        return events

    def send(self, side, data, arrives):
        """A message, and the acknowledgement of what has arrived of it."""
        event = self.segment(side, "PA", over_tcp(data))
        self.seen[1 - side] += len(over_tcp(arrives))
        self.segment(1 - side, "A")
        return event, over_tcp(arrives)


class Connections(SipTest):
    def outward(self, scene, inside=(PHONE, 33000), far=(TRUNK, 5060)):
        seen = inside if scene.routed else (WAN, inside[1])
        return Connection(scene, "lan0", inside, far, seen, far)

    def inward(self, scene, far=(TRUNK, 41000), inside=(PHONE, LISTENS)):
        addressed = inside if scene.routed else (WAN, inside[1])
        return Connection(scene, "wan0", far, addressed, far, inside)

    def host(self, scene):
        return PHONE if scene.routed else WAN

    def register(self, scene):
        """The phone, which listens at LISTENS, over a connection of its own; what was sent."""
        texts = []
        for host in PHONE, self.host(scene):
            uri = f"<sip:300@{host}:{LISTENS}{OVER_TCP}>"
            texts.append((register(f"{host}:33000", contact=uri),
                          registered(f"{host}:33000", contact=uri)))
        connection = self.outward(scene)
        connection.open()
        return [connection.send(0, texts[0][0], texts[1][0]),
                connection.send(1, texts[1][1], texts[0][1])]

    def invitation(self, scene):
        """A call to the phone: as it comes, and as it arrives."""
        host = self.host(scene)
        outside = Call(caller=TRUNK, callee=TRUNK, via=TRUNK, contact=f"{TRUNK}:5070{OVER_TCP}",
                       uri=f"{host}:{LISTENS}{OVER_TCP}", remote=f"{host}:{LISTENS}{OVER_TCP}")
        return outside, outside.seen({host: PHONE})

    def assert_texts(self, sent):
        for event, expected in sent:
            self.assertEqual(len(event.sent), 1, event.frame.summary())
            self.assertEqual(payload(event.sent[0][1]).decode(), expected.decode())

    def assert_connected(self, events, connection):
        """The handshake has passed, and its SYN came where the phone listens, from who sent it."""
        for event in events:
            self.assertEqual(len(event.sent), 1, event.frame.summary())
        packet = events[0].sent[0][1]
        self.assertEqual(((packet[IP].src, packet[TCP].sport), (packet[IP].dst, packet[TCP].dport)),
                         (connection.ends[1][1], connection.ends[1][0]))

    def call(self, scene, connection):
        outside, inside = self.invitation(scene)
        host = self.host(scene)
        return [
            connection.send(0, outside.request("INVITE", 1, sdp(FAR, 20000)),
                            inside.request("INVITE", 1, sdp(FAR, 20000))),
            connection.send(1, inside.response(200, body=sdp(PHONE, 12000)),
                            outside.response(200, body=sdp(host, 12000))),
            connection.send(0, outside.request("ACK"), inside.request("ACK")),
            connection.send(0, outside.request("BYE", 2), inside.request("BYE", 2)),
            connection.send(1, inside.response(200, 2, "BYE"), outside.response(200, 2, "BYE"))]

    def test_registrar_connects_to_the_phone_as_long_as_it_is_registered(self):
        for routed in (False, True):
            scene = self.scene(routed=routed)
            sent = self.register(scene)
            scene.wait(600)
            back = self.inward(scene)
            opened = back.open()
            sent += self.call(scene, back)
            scene.wait(100)
            late = self.inward(scene, (TRUNK, 41002)).segment(0, "S")
            result = scene.run(drain=1)
            self.assert_texts(sent)
            self.assert_connected(opened, back)
            self.assert_stopped(late)
            self.assertEqual(result.drops(), {"policy_drop": 1})
            self.assert_sip(result, REGISTER=1, INVITE=1, BYE=1, ACK=1, call_made=1)
            self.assertEqual(result.count("event tcp_sip_layer4"), 0)
            self.assert_nothing_left(result)

    def test_nobody_else_connects(self):
        for routed in (False, True):
            scene = self.scene(routed=routed)
            self.register(scene)
            self.assert_stopped_in(
                scene, self.inward(scene, (FAR, 41000)).segment(0, "S"),
                self.inward(scene, inside=(PHONE, LISTENS + 2)).segment(0, "S"),
                scene.wan(register(PHONE), dst=self.host(scene), dport=LISTENS))  # nor over UDP

    def assert_stopped_in(self, scene, *events):
        scene.run(drain=1)
        self.assert_stopped(*events)

    def test_door_is_read_whatever_the_policy(self):
        for zones, routed in (("", False), (INSPECT % "inspect", False),
                              (INSPECT % "inspect", True)):
            scene = self.scene(zones=zones, routed=routed)
            sent = self.register(scene)
            back = self.inward(scene)
            back.open()
            sent += self.call(scene, back)
            result = scene.run(drain=1)
            self.assert_texts(sent)
            self.assert_sip(result, INVITE=1, BYE=1, call_made=1)
            self.assert_nothing_left(result)

    def test_connection_goes_on_when_the_registration_is_over(self):
        scene = self.scene()
        sent = self.register(scene)
        back = self.inward(scene)
        back.open()
        scene.wait(1000)
        outside, inside = self.invitation(scene)
        sent.append(back.send(0, outside.request("OPTIONS"), inside.request("OPTIONS")))
        # a Contact in it would open the door again
        sent.append(back.send(1, inside.response(200, method="OPTIONS", contact=False),
                              outside.response(200, method="OPTIONS", contact=False)))
        another = self.inward(scene, (TRUNK, 41002)).segment(0, "S")
        result = scene.run(drain=1)
        self.assert_texts(sent)
        self.assert_stopped(another)
        self.assert_sip(result, OPTIONS=1)

    def test_what_is_left_of_a_connection_lets_no_other_begin(self):
        scene = self.scene()
        self.register(scene)
        back = self.inward(scene)
        back.open()
        scene.wait(1000)
        for side in (0, 1):
            back.segment(side, "FA")
            back.seen[1 - side] += 1
        back.segment(0, "A")
        scene.wait(20)
        self.assert_stopped_in(scene, back.segment(0, "S"))

    def test_inside_connects_to_the_contact_of_the_other_side(self):
        scene = self.scene()
        inside = Call(caller=PBX, via=f"{PBX}:33000", contact=f"{PBX}:33000{OVER_TCP}",
                      remote=f"{FAR}:{LISTENS}{OVER_TCP}")
        outside = inside.seen({PBX: WAN})
        first = self.outward(scene, (PBX, 33000))
        first.open()
        sent = [first.send(0, inside.request("INVITE", 1, sdp(PBX, 10000)),
                           outside.request("INVITE", 1, sdp(WAN, 10000))),
                first.send(1, outside.response(200, body=sdp(FAR, 20000)),
                           inside.response(200, body=sdp(FAR, 20000)))]
        second = self.outward(scene, (PBX, 33002), (FAR, LISTENS))
        opened = second.open()
        sent += [second.send(0, inside.request("ACK"), outside.request("ACK")),
                 second.send(0, inside.request("BYE", 2), outside.request("BYE", 2)),
                 second.send(1, outside.response(200, 2, "BYE"), inside.response(200, 2, "BYE"))]
        scene.wait(40)
        late = self.outward(scene, (PBX, 33004), (FAR, LISTENS)).segment(0, "S")
        result = scene.run(drain=1)
        self.assert_texts(sent)
        self.assert_connected(opened, second)
        self.assert_stopped(late)
        self.assert_nothing_left(result)

    def test_trunk_reaches_a_pbx_by_its_static_rule(self):
        rule = '{ kind = "static"; protocol = "tcp"; inside = "%s:5060"; outside = "%s:5070"; }, '
        scene = self.scene(rules=rule % (PBX, WAN) + DYNAMIC)
        inside = Call(via=f"{PBX}:5060", contact=f"{PBX}{OVER_TCP}",
                      remote=f"{TRUNK}:5060{OVER_TCP}")
        outside = inside.seen({f"{PBX}:5060": f"{WAN}:5070", f"{PBX};": f"{WAN}:5070;", PBX: WAN})
        first = self.outward(scene, (PBX, 33000))
        first.open()
        sent = [first.send(0, inside.request("INVITE", 1, sdp(PBX, 10000)),
                           outside.request("INVITE", 1, sdp(WAN, 10000))),
                first.send(1, outside.response(200, body=sdp(FAR, 20000)),
                           inside.response(200, body=sdp(FAR, 20000))),
                first.send(0, inside.request("ACK"), outside.request("ACK"))]
        # the trunk hangs up on a connection of its own
        back = Connection(scene, "wan0", (TRUNK, 41000), (WAN, 5070), (TRUNK, 41000), (PBX, 5060))
        opened = back.open()
        sent += [back.send(0, outside.back_request("BYE"), inside.back_request("BYE")),
                 back.send(1, inside.back_response(200), outside.back_response(200))]
        result = scene.run(drain=1)
        self.assert_texts(sent)
        self.assert_connected(opened, back)
        self.assert_sip(result, INVITE=1, BYE=1, call_made=1)
        self.assert_nothing_left(result)

    def test_request_names_a_static_rule_without_port_and_transport(self):
        rule = '{ kind = "static"; protocol = "tcp"; inside = "%s:5060"; outside = "%s:5060"; }, '
        scene = self.scene(rules=rule % (PHONE, WAN) + DYNAMIC)
        outside = Call(caller=TRUNK, callee=TRUNK, via=TRUNK, contact=f"{TRUNK}:5070{OVER_TCP}",
                       uri=WAN, remote=WAN)
        inside = outside.seen({WAN: PHONE})
        back = self.inward(scene, inside=(PHONE, 5060))
        back.open()
        sent = [back.send(0, outside.request("INVITE", 1, sdp(FAR, 20000)),
                          inside.request("INVITE", 1, sdp(FAR, 20000))),
                back.send(1, inside.response(486), outside.response(486))]
        result = scene.run(drain=1)
        self.assert_texts(sent)
        self.assert_nothing_left(result)

    def test_answer_comes_on_a_connection_to_the_sent_by(self):
        scene = self.scene()
        inside = Call(caller=PBX, via=f"{PBX}:{LISTENS}", contact=f"{PBX}:{LISTENS}{OVER_TCP}")
        outside = inside.seen({PBX: WAN})
        first = self.outward(scene, (PBX, 33000))
        first.open()
        sent = [first.send(0, inside.request("INVITE", 1, sdp(PBX, 10000)),
                           outside.request("INVITE", 1, sdp(WAN, 10000)))]
        for side in (1, 0):  # its server closes it
            first.segment(side, "FA")
            first.seen[1 - side] += 1
        first.segment(1, "A")
        back = self.inward(scene, (TRUNK, 41000), (PBX, LISTENS))
        opened = back.open()
        sent += [back.send(0, outside.response(180), inside.response(180)),
                 back.send(0, outside.response(486), inside.response(486))]
        result = scene.run(drain=1)
        self.assert_texts(sent)
        self.assert_connected(opened, back)
        self.assert_nothing_left(result)


class Unread(SipTest):
    """Connections that a stream cannot answer for pass at layer 4, byte for byte."""

    def connection(self, syn=None, answer=None, data=b""):
        """What the far end gets: the texts of its segments. `syn` and `answer`: their TCP options."""
        text = over_tcp(Call().request("INVITE", 1, sdp(PBX)))
        out, back = {"src": PBX, "dst": TRUNK}, {"src": TRUNK, "dst": WAN}
        ports = {"sport": 5060, "dport": 5060}
        acked = 101 + len(data)
        segments = [
            ("lan0", IP(**out) / TCP(**ports, flags="S", seq=100, options=syn or []) / Raw(data)),
            ("wan0", IP(**back) / TCP(**ports, flags="SA", seq=500, ack=acked, options=answer or [])),
            ("lan0", IP(**out) / TCP(**ports, flags="A", seq=acked, ack=501)),
            ("lan0", IP(**out) / TCP(**ports, flags="PA", seq=acked, ack=501) / Raw(text)),
        ]
        frames = {"lan0": [], "wan0": []}
        for moment, (port, packet) in enumerate(segments):
            frames[port].append((moment / 10, packet))
        result = self.replay(self.config(zones=INSPECT % "inspect"), frames)
        self.assertEqual(result.drops(), {})
        self.assertEqual(result.count("summary streams"), 0)
        sent = b"".join(bytes(p[TCP].payload) for p in result.ip("wan0"))
        self.assertEqual(sent, data + text)
        self.assert_sip(result, INVITE=0)
        return result

    def test_signed_numbers(self):
        signed = [(19, b"s" * 16)]
        result = self.connection(syn=signed, answer=signed)
        self.assertEqual(result.count("event tcp_sip_layer4"), 4)
        self.assertEqual(result.count("event stream_opened"), 0)

    def test_several_paths_said_by_the_other_end_alone(self):
        result = self.connection(answer=[(30, b"\x01" * 10)])
        self.assertEqual(result.count("event tcp_sip_layer4"), 3)
        self.assertEqual(result.count("event stream_closed"), 1)

    def test_data_in_the_syn(self):
        self.connection(data=b"fast open")


if __name__ == "__main__":
    main()
