#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Spellings: whatever form a header has, its addresses change and nothing else does."""
from replay import main
from scene import SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, sdp

INSIDE, OUTSIDE = Call(), Call().seen()
BRANCH = "z9hG4bK-x"


def each(template, *hosts):
    """The template's bytes for each host: HOST stands for it."""
    return [template.replace("HOST", host).encode() for host in hosts or (PBX, WAN)]


def lines(*headers, start="OPTIONS sip:200@198.51.100.10 SIP/2.0", cseq="1 OPTIONS", via=None,
          ends="\r\n"):
    """A message of these headers and the few that every message has; HOST is the host."""
    text = [start, via or f"Via: SIP/2.0/UDP HOST:5060;branch={BRANCH}",
            "From: <sip:100@example.com>;tag=f", "To: <sip:200@example.com>",
            "Call-ID: c@10.0.0.5", f"CSeq: {cseq}", *headers, "Content-Length: 0"]
    return ends.join(text) + ends * 2


class Spellings(SipTest):
    def outward(self, inside, outside, **config):
        scene = self.scene(**config)
        event = scene.lan(inside)
        result = scene.run()
        self.assert_text(event, outside)
        return result

    def round_trip(self, *headers, back=None, **text):
        """A request leaves translated; what the peer echoes comes back as it was written."""
        scene = self.scene()
        request = each(lines(*headers, **text))
        response = each(lines(*(headers if back is None else back), start="SIP/2.0 200 OK",
                              **text))
        events = scene.lan(request[0]), scene.wan(response[1])
        scene.run()
        self.assert_text(events[0], request[1])
        self.assert_text(events[1], response[0])

    def test_compact_names(self):
        names = {b"Via:": b"v:", b"From:": b"f:", b"To:": b"t:", b"Call-ID:": b"i:",
                 b"Contact:": b"m:", b"Content-Length:": b"l:", b"Content-Type:": b"c:"}
        texts = [c.request("INVITE", 1, sdp(h, lines=["a=x"])) for c, h in
                 ((INSIDE, PBX), (OUTSIDE, WAN))]
        for old, new in names.items():
            texts = [t.replace(old, new) for t in texts]
        self.outward(*texts)

    def test_any_letter_case(self):
        for change in (bytes.upper, bytes.lower):
            texts = []
            for call, host in ((INSIDE, PBX), (OUTSIDE, WAN)):
                text = call.request("INVITE", 1, sdp(host))
                for name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Contact",
                             b"Content-Length", b"Content-Type"):
                    text = text.replace(b"\r\n" + name + b":", b"\r\n" + change(name) + b":")
                texts.append(text)
            self.outward(*texts)

    def test_folded_lines(self):
        self.round_trip("Contact:\r\n\t<sip:100@HOST:5060>",
                        "Record-Route: <sip:HOST;lr>,\r\n  <sip:HOST:5060;lr>",
                        via=f"Via: SIP/2.0/UDP\r\n HOST:5060\r\n\t;branch={BRANCH}")

    def test_several_values_on_a_line_and_several_lines(self):
        self.round_trip("Contact: <sip:a@HOST>, <sip:b@HOST:5060>;q=0.5,<sip:c@192.0.2.9>",
                        "Record-Route: <sip:HOST;lr>, <sip:p.example.com;lr>",
                        "Record-Route: <sip:HOST:5060;lr>",
                        via=f"Via: SIP/2.0/UDP HOST:5060;branch={BRANCH}, SIP/2.0/UDP "
                            f"192.0.2.1;branch=b\r\nVia: SIP/2.0/UDP HOST;branch=c")

    def test_lf_alone_ends_lines(self):
        self.round_trip("Contact: <sip:100@HOST:5060>", ends="\n")

    def test_crlf_keepalive_before_a_message(self):
        self.outward(*(b"\r\n\r\n" + t for t in each(lines("Contact: <sip:100@HOST>"))))

    def test_port_is_restored_as_it_was_written(self):
        for host in ("HOST", "HOST:5060"):
            self.round_trip(f"Contact: <sip:100@{host}>", f"Record-Route: <sip:{host};lr>",
                            via=f"Via: SIP/2.0/UDP {host};branch={BRANCH}")

    def test_via_received_and_rport_are_restored_as_a_pair(self):
        scene = self.scene()
        request = each(lines(via=f"Via: SIP/2.0/UDP HOST;rport;branch={BRANCH}"))
        response = each(lines(start="SIP/2.0 200 OK", via="Via: SIP/2.0/UDP HOST;rport=5060;"
                              f"branch={BRANCH};received=HOST"))
        events = scene.lan(request[0]), scene.wan(response[1])
        scene.run()
        self.assert_text(events[0], request[1])
        self.assert_text(events[1], response[0])

    def test_sent_by_a_host_name_stays_and_its_response_comes_back(self):
        scene = self.scene()
        text = lines(via=f"Via: SIP/2.0/UDP pbx.example.com:5070;branch={BRANCH}").encode()
        answer = lines(start="SIP/2.0 200 OK",
                       via=f"Via: SIP/2.0/UDP pbx.example.com:5070;branch={BRANCH}").encode()
        request, response = scene.lan(text), scene.wan(answer, dport=5070)
        scene.run()
        self.assert_text(request, text)
        self.assert_text(response, answer)
        self.assertEqual(response.ends, (TRUNK, 5060, PBX, 5070))

    def test_display_names_and_parameters_are_not_addresses(self):
        self.round_trip(f'Contact: "{PBX}, <sip:1@{PBX}> \\" x" <sip:100@HOST:5060;x={PBX}>;y="{PBX}"',
                        f'Warning: 399 {PBX} "sip:{PBX}"')

    def test_contact_without_brackets(self):
        self.round_trip("Contact: sip:100@HOST:5060;expires=60")

    def test_user_part_with_an_address_or_an_at_sign_stays(self):
        self.round_trip(f"Contact: <sip:{PBX}%40x;p={PBX}:pw@HOST:5060>")

    def test_names_and_ipv6_stay(self):
        text = lines("Contact: <sip:100@pbx.example.com>", "Record-Route: <sip:[2001:db8::5];lr>",
                     "Contact: <sip:100@[::ffff:10.0.0.5]:5060>", "Contact: <tel:+4930123>",
                     via="Via: SIP/2.0/UDP [2001:db8::5]:5060;branch=" + BRANCH).encode()
        result = self.outward(text, text)
        self.assert_sip(result, messages_unedited=1, messages_edited=0)

    def test_identity_headers_change_the_host_and_never_the_port(self):
        names = ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion",
                 "History-Info", "Referred-By")
        self.outward(*each(lines(*(f'{n}: "A" <sip:100@HOST:5070>;x=1' for n in names))))

    def test_from_and_to_are_restored_for_either_tag(self):
        scene = self.scene()
        invite = scene.lan(INSIDE.request("INVITE", 1, sdp(PBX)))
        answer = scene.wan(OUTSIDE.response(200, body=sdp(FAR, 20000)))
        back = scene.wan(OUTSIDE.back_request("INFO", 1))
        again = scene.lan(INSIDE.back_response(200, 1, "INFO"))
        scene.run()
        self.assert_text(invite, OUTSIDE.request("INVITE", 1, sdp(WAN)))
        self.assert_text(answer, INSIDE.response(200, body=sdp(FAR, 20000)))
        self.assert_text(back, INSIDE.back_request("INFO", 1))
        self.assert_text(again, OUTSIDE.back_response(200, 1, "INFO"))

    def test_refer_to_and_maddr(self):
        start = "REFER sip:200@198.51.100.10 SIP/2.0"
        self.outward(*each(lines("Refer-To: <sip:300@HOST:5060>", "Contact: <sip:1@a.example;maddr=HOST>",
                                 start=start, cseq="1 REFER")))

    def test_headers_embedded_in_refer_to(self):
        """Addresses in an embedded Route are translated, a Call-ID in Replaces is not."""
        start = "REFER sip:200@198.51.100.10 SIP/2.0"
        replaces = f"Replaces=1%40{PBX}%3Bto-tag%3D{PBX}%3Bfrom-tag%3D2"
        self.outward(*each(lines(f"Refer-To: <sip:300@HOST?{replaces}&Route=%3Csip:HOST%3Blr%3E,"
                                 "%3Csip:9.9.9.9%3E>",
                                 f"Refer-To: sip:300@198.51.100.10?Contact=HOST:5060&Subject={PBX}",
                                 start=start, cseq="1 REFER")))

    def test_contact_of_another_inside_host_gets_a_door_of_its_own(self):
        scene = self.scene()
        event = scene.lan(lines("Contact: <sip:300@10.0.0.6:5066>").replace("HOST", PBX).encode())
        back = scene.wan(lines(start=f"OPTIONS sip:300@{WAN}:5066 SIP/2.0",
                               via=f"Via: SIP/2.0/UDP {TRUNK};branch=1").encode(), dport=5066)
        scene.run()
        self.assertIn(f"Contact: <sip:300@{WAN}:5066>".encode(), event.payload)
        self.assertEqual(back.ends, (TRUNK, 5060, PHONE, 5066))
        self.assertTrue(back.payload.startswith(b"OPTIONS sip:300@10.0.0.6:5066 SIP/2.0\r\n"))

    def test_sdp_spellings(self):
        """Multicast suffix, several c= lines, port counts, LF only, no line end at the end."""
        bodies = ["v=0\no=- 1 1 IN IP4 HOST\ns=-\nc=IN IP4 HOST\nt=0 0\nm=audio 10000 RTP/AVP 0\n",
                  "v=0\r\no=- 1 1 IN IP4 HOST\r\ns=-\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n"
                  "c=IN IP4 HOST\r\nm=video 10010 RTP/AVP 31\r\nc=IN IP4 HOST",
                  "v=0\r\no=- 1 1 IN IP4 HOST\r\ns=-\r\nc=IN IP4 HOST\r\nt=0 0\r\n"
                  "m=audio 10000/2 RTP/AVP 0\r\n",
                  "v=0\r\no=- 1 1 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\n"
                  "m=audio 10000 RTP/AVP 0\r\n",
                  "v=0\r\no=- 1 1 IN IP4 HOST\r\ns=HOST\r\ni=HOST\r\nc=IN IP4 HOST\r\nt=0 0\r\n"
                  "m=image 10000 udptl t38\r\na=x:HOST\r\n"]
        for body in bodies:
            kept = body.replace("s=HOST", f"s={PBX}").replace("i=HOST", f"i={PBX}").replace(
                "a=x:HOST", f"a=x:{PBX}")
            inside, outside = each(kept)
            with self.subTest(body):
                self.outward(INSIDE.request("INVITE", 1, inside),
                             OUTSIDE.request("INVITE", 1, outside))

    def test_nothing_to_translate_leaves_every_byte_and_the_checksum(self):
        text = lines(via=f"Via: SIP/2.0/UDP x.example:5060;branch={BRANCH}").encode()
        self.assert_sip(self.outward(text, text), messages_edited=0, messages_unedited=1)


class Malformed(SipTest):
    GOOD = INSIDE.request("INVITE", 1, sdp(PBX))

    def bad(self):
        good, size = self.GOOD, len(sdp(PBX))
        yield "no Call-ID", good.replace(b"Call-ID", b"X-Call-ID")
        yield "no CSeq", good.replace(b"CSeq", b"X-CSeq")
        yield "CSeq of another method", good.replace(b"1 INVITE", b"1 BYE")
        yield "CSeq no number", good.replace(b"CSeq: 1", b"CSeq: one")
        yield "CSeq beyond 32 bits", good.replace(b"CSeq: 1", b"CSeq: 4294967297")
        yield "no Via", good.replace(b"Via", b"X-Via")
        yield "no From", good.replace(b"From", b"X-From")
        yield "no To", good.replace(b"\r\nTo", b"\r\nX-To")
        yield "longer Content-Length", good.replace(b"Length: %d" % size, b"Length: %d" % (size + 1))
        yield "negative Content-Length", good.replace(b"Length: ", b"Length: -")
        yield "two Content-Lengths", good.replace(b"Content-Length",
                                                  b"Content-Length: 1\r\nContent-Length")
        yield "header without colon", good.replace(b"Max-Forwards: 70", b"Max-Forwards 70")
        yield "cut in the headers", good[:90]
        yield "version", good.replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1)
        yield "no SIP at all", b"GET / HTTP/1.1\r\nHost: 10.0.0.5\r\n\r\n"
        yield "binary", bytes(range(256))
        yield "status line", b"SIP/2.0 99 Low\r\n" + good.split(b"\r\n", 1)[1]

    def test_each_fault_is_counted_and_passes_unedited(self):
        scene = self.scene()
        events = [(name, text, scene.lan(text)) for name, text in self.bad()]
        result = scene.run()
        for name, text, event in events:
            with self.subTest(name):
                self.assertEqual(event.payload, text)
        self.assert_sip(result, malformed=len(events), call_made=0, messages_edited=0)
        self.assert_nothing_left(result)

    def test_each_fault_is_dropped_when_the_configuration_says_so(self):
        scene = self.scene(extra='sip: { malformed = "drop"; };')
        events = [scene.lan(text) for _, text in self.bad()]
        result = scene.run()
        self.assert_stopped(*events)
        self.assertEqual(result.drops(), {"sip_malformed": len(events)})

    def test_bounds_end_in_a_count_not_in_a_fault(self):
        many = [("too many headers", self.GOOD.replace(b"Max-Forwards: 70",
                                                       b"\r\n".join([b"X: y"] * 1500))),
                ("too many streams", INSIDE.request("INVITE", 1, sdp(
                    PBX, lines=[f"m=audio {9000 + 2 * n} RTP/AVP 0" for n in range(200)]))),
                ("long line", self.GOOD.replace(b"Max-Forwards: 70", b"X: " + b"y" * 30000)),
                ("many values", self.GOOD.replace(b"Max-Forwards: 70", b"Contact: " + b", ".join(
                    b"<sip:a@10.0.0.5:%d>" % (2000 + n) for n in range(500))))]
        for name, text in many:
            with self.subTest(name):
                scene = self.scene()
                scene.lan(text)
                after = scene.lan(Call(call_id="after@x").request("OPTIONS", 1, tagged=False))
                result = scene.run()
                self.assert_text(after, Call(call_id="after@x").seen().request(
                    "OPTIONS", 1, tagged=False))
                faults = sum(n for k, n in result.counters.items() if k in (
                    "sip malformed", "sip too_many_media", "sip no_pinhole", "sip no_port"))
                self.assertEqual(faults + result.count("sip messages_edited"), 2,
                                 result.counters)


if __name__ == "__main__":
    main()
