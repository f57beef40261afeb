#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Via: which value opens, at what port, for whom; and what each address in it becomes."""
from replay import IP, TCP, ZONES, main
from scene import SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call

ONE_WAY = ZONES.replace(ZONES[ZONES.index('  { name = "out-in"'):], "").rstrip().rstrip(",") + " );\n"
SPORT = 5070                  # the client sends from there
ANSWERED_FROM = 5099          # so that no flow of the request lets the answer in


def options(vias, start="OPTIONS sip:200@198.51.100.10 SIP/2.0"):
    return "\r\n".join([start, *vias, "From: <sip:100@example.com>;tag=f",
                        "To: <sip:200@example.com>", "Call-ID: via", "CSeq: 1 OPTIONS",
                        "Content-Length: 0", "", ""]).encode()


def response(vias):
    return options(vias, start="SIP/2.0 200 OK")


class WhichOpens(SipTest):
    """What a request opens for its answer."""

    def answered(self, vias, port, *, host=None, routed=False, source=TRUNK):
        """A request with these Vias, and where a packet to this port outside arrives."""
        scene = self.scene(zones=ONE_WAY, routed=routed)
        scene.lan(options(vias), PBX, SPORT)
        answer = scene.wan(response(vias), source, ANSWERED_FROM, host, port)
        scene.run()
        return answer.ends if answer.sent else None

    def test_only_the_first_value_opens(self):
        first, second = ("SIP/2.0/UDP 10.0.0.5:6001;branch=z9hG4bK-1",
                         "SIP/2.0/UDP 10.0.0.6:6002;branch=z9hG4bK-2")
        for vias in ([f"Via: {first}, {second}"], [f"Via: {first}", f"Via: {second}"],
                     [f"v: {first}", f"VIA :{second}"]):
            for routed in (False, True):
                scene = self.scene(zones=ONE_WAY, routed=routed)
                scene.lan(options(vias), PBX, SPORT)
                opened, *closed = [
                    scene.wan(response(vias), TRUNK, ANSWERED_FROM, host if routed else WAN, port)
                    for host, port in ((PBX, 6001), (PBX, 6002), (PHONE, 6002))]
                scene.run()
                self.assertEqual(opened.ends, (TRUNK, ANSWERED_FROM, PBX, 6001), (vias, routed))
                self.assert_stopped(*closed)

    def test_port_that_is_not_written_is_5060(self):
        for host in (PBX, "pbx.example.com", PHONE):
            vias = [f"Via: SIP/2.0/UDP {host};branch=z9hG4bK-1"]
            for routed in (False, True):
                self.assertEqual(self.answered(vias, 5060, host=PBX if routed else None,
                                               routed=routed),
                                 (TRUNK, ANSWERED_FROM, PBX, 5060), (host, routed))

    def test_sent_by_another_address_opens_the_packets_source(self):
        """And its own address is translated as any other that the inside writes."""
        vias = [f"Via: SIP/2.0/UDP {PHONE}:6001;branch=z9hG4bK-1"]
        scene = self.scene(zones=ONE_WAY)
        out = scene.lan(options(vias), PBX, SPORT)
        scene.run()
        text = out.payload.decode()
        port = int(text.split(f"UDP {WAN}:")[1].split(";")[0])
        self.assertNotEqual(port, 6001, "the packet's source has that one")
        scene = self.scene(zones=ONE_WAY)
        scene.lan(options(vias), PBX, SPORT)
        to_source = scene.wan(response(["Via: SIP/2.0/UDP x.example;branch=1"]), TRUNK,
                              ANSWERED_FROM, dport=6001)
        to_named = scene.wan(response(["Via: SIP/2.0/UDP x.example;branch=1"]), TRUNK,
                             ANSWERED_FROM, dport=port)
        scene.run()
        self.assertEqual(to_source.ends, (TRUNK, ANSWERED_FROM, PBX, 6001))
        self.assert_stopped(to_named)

    def test_answer_comes_from_any_port_of_who_was_asked_and_of_nobody_else(self):
        vias = ["Via: SIP/2.0/UDP 10.0.0.5:6001;branch=z9hG4bK-1"]
        for routed in (False, True):
            host = PBX if routed else None
            self.assertIsNotNone(self.answered(vias, 6001, host=host, routed=routed))
            self.assertIsNone(self.answered(vias, 6001, host=host, routed=routed, source=FAR))

    def test_request_from_outside_opens_its_sender_for_the_inside(self):
        """Where policy lets the inside begin nothing, it may answer at the Via."""
        zones = ZONES.replace(ZONES[ZONES.index('  { name = "in-out"'):ZONES.index(
            '  { name = "out-in"')], "")
        scene = self.scene(zones=zones, routed=True)
        scene.wan(options([f"Via: SIP/2.0/UDP {TRUNK}:6001;branch=z9hG4bK-1"]), TRUNK, SPORT)
        answer = scene.lan(response(["Via: SIP/2.0/UDP x.example;branch=1"]), PBX, ANSWERED_FROM,
                           dport=6001)
        other = scene.lan(response(["Via: SIP/2.0/UDP x.example;branch=1"]), PBX, ANSWERED_FROM,
                          dport=6002)
        scene.run()
        self.assertEqual(answer.ends, (PBX, ANSWERED_FROM, TRUNK, 6001))
        self.assert_stopped(other)


class DefaultPorts(SipTest):
    """5060, and 5061 for TLS and for sips: what opens where no port is written."""

    PORTS = (5060, 5061, 80, 443)

    def expect(self, rows):
        """Rows of (text, the one TCP port of the PBX that a connection of the trunk reaches)."""
        for text, expected in rows:
            scene = self.scene(zones="")
            scene.lan(text)
            tries = [(port, scene.add("wan0", IP(src=TRUNK, dst=WAN) / TCP(
                sport=40000 + port, dport=port, flags="S"))) for port in self.PORTS]
            scene.run()
            self.assertEqual([port for port, event in tries if event.sent],
                             [expected] if expected else [], text)

    def test_of_a_via(self):
        self.expect([(options([f"Via: SIP/2.0/{transport} {PBX};branch=z9hG4bK-1"]), port)
                     for transport, port in (("UDP", None), ("TCP", 5060), ("TLS", 5061))])

    def test_of_a_contact(self):
        self.expect([(Call(via="x.example").request("OPTIONS", contact=False, extra=(
            f"Contact: <{scheme}:100@{PBX}{transport}>",)), port) for scheme, transport, port in (
                ("sip", "", None), ("sip", ";transport=udp", None), ("sip", ";transport=tcp", 5060),
                ("sip", ";transport=tls", 5061), ("sips", "", 5061),
                ("sips", ";transport=tcp", 5061))])


class Rewritten(SipTest):
    """Every address of every value."""

    def round_trip(self, inside, outside, back=None):
        """A request's Vias leave so; a response's come back as they were. `back`: as the other
        side completes them, (outside, inside)."""
        scene = self.scene()
        out = scene.lan(options(inside))
        came = scene.wan(response(back[0] if back else outside))
        scene.run()
        self.assert_text(out, options(outside))
        self.assert_text(came, response(back[1] if back else inside))

    def test_spaces_and_odd_spellings(self):
        for shape in ("SIP / 2.0 / UDP HOST : 5060 ; branch=z9hG4bK-1", "sip/2.0/udp HOST:05060",
                      "SIP/2.0/UDP\r\n\tHOST:5060\r\n ;rport ;branch = z9hG4bK-1;ttl=1"):
            self.round_trip(*([f"Via: {shape.replace('HOST', host)}"] for host in (PBX, WAN)))

    def test_maddr(self):
        for host in ("proxy.example.com", f"{PBX}:5060", "HOST"):
            vias = [[f"Via: SIP/2.0/UDP {host};maddr={PBX};branch=z9hG4bK-1;ttl=1".replace(
                "HOST", address).replace(PBX, address)] for address in (PBX, WAN)]
            self.round_trip(*vias)

    def test_maddr_of_another_host_stays(self):
        for address in ("224.0.1.75", "192.0.2.9", "x.example", "[2001:db8::1]"):
            vias = [f"Via: SIP/2.0/UDP x.example;maddr={address};branch=z9hG4bK-1"]
            self.round_trip(vias, vias)

    def test_received_and_rport_of_every_value(self):
        """The inside proxy has noted where its client is; the outside server where the proxy is."""
        inside = [f"Via: SIP/2.0/UDP {PBX};branch=z9hG4bK-2;rport",
                  f"Via: SIP/2.0/UDP {PBX}:5060;branch=z9hG4bK-1;received={PBX};rport=5060"]
        outside = [line.replace(PBX, WAN) for line in inside]
        back = [outside[0].replace("rport", f"rport=5060;received={WAN}"), outside[1]]
        self.round_trip(inside, outside, (back, [line.replace(WAN, PBX) for line in back]))

    def test_received_without_rport(self):
        inside = [f"Via: SIP/2.0/UDP pbx.example.com:5060;branch=z9hG4bK-1"]
        back = [[inside[0] + f";received={host}"] for host in (WAN, PBX)]
        self.round_trip(inside, inside, back)

    def test_foreign_received_and_rport_stay(self):
        vias = ["Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-1;received=192.0.2.2;rport=1024"]
        self.round_trip(vias, vias)

    def test_branch_and_other_parameters_are_never_addresses(self):
        vias = [[f"Via: SIP/2.0/UDP {host}:5060;branch={PBX};x={PBX};y=\"{PBX}:5060\";z={WAN}"]
                for host in (PBX, WAN)]
        self.round_trip(*vias)


if __name__ == "__main__":
    main()
