#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the header rules: header, request or response, either way; and who is inside."""
from replay import DYNAMIC, main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, sdp

# Header, is it changed in requests, in responses.
ROWS = (("Contact", True, True), ("m", True, True), ("Record-Route", True, True),
        ("Route", True, False), ("Path", True, True), ("Service-Route", False, True),
        ("Refer-To", True, False), ("r", True, False), ("Reply-To", False, False),
        ("Call-Info", False, False), ("Error-Info", False, False), ("P-Called-Party-ID", False, False),
        ("P-Asserted-Identity", True, True), ("P-Preferred-Identity", True, True),
        ("Remote-Party-ID", True, True), ("Diversion", True, True), ("History-Info", True, True),
        ("Referred-By", True, True), ("b", True, True))
SHAPES = ("<sip:{host}>", "<sip:100@{host}:5060;lr;x=y>;a=b", "sip:100@{host}:5060",
          '"A <sip:10.0.0.5>" <sip:a:b@{host}:5060?Subject=x>',
          "<sip:%41@{host}:05060>",     # a port that stays is not written anew
          "<sip:{host}:5060;transport=udp>,<SIP:x.example>,\r\n <sip:1@{host};lr>")


def infos(inside, outward, response):
    """One INFO or its answer: the texts of a line of headers, as its sender and receiver see it."""
    outside = inside.seen()
    ends = (inside, outside) if outward else (outside, inside)

    def text(call, line):
        if response:
            return (call.back_response(200, 1, "INFO", extra=[line]) if outward
                    else call.response(200, 1, "INFO", contact=False, extra=[line]))
        return (call.request("INFO", 1, contact=False, extra=[line]) if outward
                else call.back_request("INFO", 1, extra=[line]))
    return lambda sent, came: (text(ends[0], sent), text(ends[1], came))


class Rows(SipTest):
    def play(self, lines):
        """Lines (as sent, as it comes, outward, response), each in a message of its own."""
        scene, events = self.scene(), []
        for number, (sent, came, outward, response) in enumerate(lines):
            text, expected = infos(Call(call_id=str(number)), outward, response)(sent, came)
            events.append(((scene.lan if outward else scene.wan)(text), expected))
        scene.run()
        for event, expected in events:
            self.assert_text(event, expected)

    def test_each_header_in_requests_and_responses_of_both_ways(self):
        for shape in SHAPES:
            lines = []
            for name, *changed in ROWS:
                near, far = (f"{name}: {shape.format(host=host)}" for host in (PBX, WAN))
                for response in (False, True):
                    for sent, other, outward in ((near, far, True), (far, near, False)):
                        lines.append((sent, other if changed[response] else sent, outward,
                                      response))
            self.play(lines)

    def test_addresses_that_nobody_has_inside_stay(self):
        """In each header that is changed where they are an inside host's."""
        lines = []
        for host in (FAR, "0.0.0.0", "255.255.255.255", "[::]", "[::ffff:10.0.0.5]", "x.example",
                     "10.0.0.5.example"):
            for name, request, _ in ROWS:
                line = f"{name}: <sip:100@{host}:5060>"
                lines += [(line, line, outward, not request) for outward in (True, False)]
        self.play(lines)

    def test_headers_inside_uris_of_both_ways(self):
        """Those that hold addresses; a Call-ID in Replaces looks like one and stays."""
        def line(host, other):
            return (f"Refer-To: <sip:300@{host}:5060?Replaces=1%40{other}%3Bto-tag%3D{other}%3B"
                    f"from-tag%3D2&Route=%3Csip%3A{host}%3Blr%3E,%3Csip:9.9.9.9%3E&Contact=%3Csip"
                    f"%3A1%40{host}%3A5060%3E&Subject={other}&From=%3Csip:{other}%3E>")
        self.play([(line(host, other), line(seen, other), outward, False)
                   for host, seen, outward in ((PBX, WAN, True), (WAN, PBX, False))
                   for other in (PBX, WAN)])

    def test_maddr_of_both_ways(self):
        def line(name, host, shape):
            return f"{name}: <sip:1@{shape.format(host=host)}>"
        self.play([(line(name, sent, shape), line(name, came, shape), outward, False)
                   for name in ("Contact", "Record-Route", "Refer-To")
                   for shape in ("x.example;maddr={host}", "{host}:5060;maddr={host};lr",
                                 "x.example;maddr=192.0.2.1", "x.example;maddr=[::1]")
                   for sent, came, outward in ((PBX, WAN, True), (WAN, PBX, False))])

    def test_request_uri_of_both_ways(self):
        for shape in ("sip:{host}", "sip:100@{host}:5060;user=phone", "sip:a:b@{host};x={other}"):
            scene = self.scene()
            texts = [Call().request("OPTIONS").replace(
                b"sip:200@198.51.100.10", shape.format(host=host, other=PBX).encode(), 1)
                     for host in (PBX, WAN)]
            out = scene.lan(texts[0])
            back = [Call(caller=TRUNK, callee=TRUNK, via=TRUNK, contact=TRUNK).request(
                "OPTIONS").replace(b"sip:200@198.51.100.10", shape.format(
                    host=host, other=PBX).encode(), 1) for host in (WAN, PBX)]
            inward = scene.wan(back[0])
            scene.run()
            self.assertEqual(out.payload.split(b"\r\n")[0], texts[1].split(b"\r\n")[0])
            self.assert_text(inward, back[1])

    def test_every_contact_has_a_door_of_its_own(self):
        hosts = [(PBX, 6001), (PHONE, 6001), (PHONE, 6002), ("10.0.0.77", 6003)]

        def script(ports):
            scene = self.scene()
            out = scene.lan(Call(via="x.example").request("SUBSCRIBE", contact=False, extra=(
                "Contact: " + ", ".join(f"<sip:{host}:{port}>" for host, port in hosts[:2]),
                *(f"m: <sip:{host}:{port}>" for host, port in hosts[2:]))))
            back = [scene.wan(Call(via=TRUNK, uri=f"{WAN}:{port}").request("NOTIFY", port),
                              dport=port) for port in ports]
            scene.run()
            return out.payload.decode(), back
        text, _ = script([])
        ports = [int(place.split(">")[0]) for place in text.split(f"<sip:{WAN}:")[1:]]
        self.assertEqual(len(set(ports)), len(hosts))
        _, back = script(ports)
        self.assertEqual([event.ends[2:] for event in back], hosts)
        for event, (host, port) in zip(back, hosts):
            self.assertTrue(event.payload.startswith(f"NOTIFY sip:200@{host}:{port} ".encode()))


class Rules(SipTest):
    """What NAT's rules translate, and nothing but what is inside."""

    def whole_call(self, scene):
        call = OutgoingCall(scene)
        call.establish()
        media = [(call.media_in(n), call.in_ends(n)) for n in (0, 1)]
        media += [(call.media_out(n), call.out_ends(n)) for n in (0, 1)]
        call.hang_up()
        late = [call.media_in(), call.media_out()]
        result = scene.run()
        call.check_texts()
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(*late)
        self.assert_nothing_left(result)
        return result

    def test_rule_that_covers_the_outside_translates_the_inside_alone(self):
        """Any source is translated: the carrier's addresses are no inside endpoints for that."""
        for prefix in ("0.0.0.0/0", "198.0.0.0/8\", \"10.0.0.0/8"):
            scene = self.scene(rules=DYNAMIC.replace("10.0.0.0/24", prefix))
            result = self.whole_call(scene)
            self.assertEqual(result.count("event binding_created"), 3, "5060, RTP and RTCP")
            scene = self.scene(rules=DYNAMIC.replace("10.0.0.0/24", prefix))
            call = Call(caller=FAR, callee=FAR, via=f"{FAR}:5060", contact=FAR)
            text = call.request("INVITE", 1, sdp(FAR), extra=(
                f"Record-Route: <sip:{FAR};lr>", f"P-Asserted-Identity: <sip:1@{FAR}>",
                f"Via: SIP/2.0/UDP {FAR}:5060;branch=x;received={FAR};rport=5060"))
            event = scene.lan(text)
            scene.run()
            self.assert_text(event, text)

    def test_host_that_no_rule_translates_keeps_every_byte_and_has_media(self):
        scene = self.scene(rules=DYNAMIC.replace("10.0.0.0/24", f"{PHONE}/32"))
        scene.routed = True         # for this host
        result = self.whole_call(scene)
        self.assert_sip(result, messages_edited=0, messages_unedited=7, media_opened=4)
        self.assertEqual(result.count("event binding_created"), 0)


if __name__ == "__main__":
    main()
