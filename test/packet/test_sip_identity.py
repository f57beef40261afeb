#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Headers that say who somebody is: their hosts change, and nothing is opened. And what never changes."""
from replay import DYNAMIC, main
from scene import SipTest
from sip_text import FAR, PBX, PHONE, TRUNK, WAN, Call, message, sdp

IDENTITIES = ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion",
              "History-Info", "Referred-By")
NOBODY = "10.0.0.9"           # an inside host that sends nothing
# Inside hosts with static rules: of a whole address, of the port of SIP alone.
HOST, HOST_SEEN, PORT, PORT_SEEN = "10.0.0.7", "203.0.113.7", "10.0.0.8", "203.0.113.8"
STATIC = (f'{{ kind = "static"; inside = "{HOST}"; outside = "{HOST_SEEN}"; }}, '
          f'{{ kind = "static"; protocol = "udp"; inside = "{PORT}:5060"; outside = "{PORT_SEEN}:5060"; }}, ')


def identities(host, port=""):
    return [f'{name}: "A, {PBX}" <sip:{number}@{host}{port}>;x={PBX};y="{PBX}"'
            for number, name in enumerate(IDENTITIES)]


class Identity(SipTest):
    def test_every_one_in_requests_and_responses_of_both_ways(self):
        scene = self.scene()
        inside, outside = Call(), Call().seen()
        events = []
        for cseq, port in enumerate(("", ":5060", ":5099"), 1):
            near, seen = identities(PBX, port), identities(WAN, port)
            for one, text, other in (
                    (scene.lan, inside.request("INVITE", cseq, extra=near),
                     outside.request("INVITE", cseq, extra=seen)),
                    (scene.wan, outside.response(180, cseq, extra=seen),
                     inside.response(180, cseq, extra=near)),
                    (scene.wan, outside.back_request("INFO", cseq, extra=seen),
                     inside.back_request("INFO", cseq, extra=near)),
                    (scene.lan, inside.back_response(200, cseq, "INFO", extra=near),
                     outside.back_response(200, cseq, "INFO", extra=seen))):
                events.append((one(text), other))
        scene.run()
        for event, expected in events:
            self.assert_text(event, expected)

    def test_hosts_of_other_sides_stay(self):
        scene = self.scene()
        for host in (FAR, "pbx.example.com", "0.0.0.0", "[2001:db8::1]"):
            text = Call(caller=host, callee=host).request("OPTIONS", extra=identities(host))
            event = scene.lan(text)
            result = scene.run()
            self.assert_text(event, Call(caller=host, callee=host, via=f"{WAN}:5060",
                                         contact=f"{WAN}:5060").request(
                                             "OPTIONS", extra=identities(host)))
            scene = self.scene()
        self.assertEqual(result.count("summary translations"), 1)

    def test_no_door_is_made(self):
        """Of hosts and ports that nobody sends from; the address is the packet's own outside one."""
        scene = self.scene()
        call = Call(caller=f"{NOBODY}:5098", callee=f"{PHONE}:5099", contact="x.example",
                    via="x.example")
        event = scene.lan(call.request("OPTIONS", extra=identities(PHONE, ":5097")))
        result = scene.run()
        self.assert_text(event, call.seen({NOBODY: WAN, PHONE: WAN}).request(
            "OPTIONS", extra=identities(WAN, ":5097")))
        self.assertEqual(result.count("summary translations"), 1, "of the packet's own source")
        self.assertEqual((result.count("summary doors"), result.count("summary pinholes")), (1, 1),
                         "of its Via")

    def test_from_and_to_come_back_by_tag_from_the_record(self):
        """Neither is the sender: a PBX calls for one phone to another one's address."""
        inside = Call(caller=NOBODY, callee=PHONE)
        outside = inside.seen({NOBODY: WAN, PHONE: WAN, PBX: WAN})
        scene = self.scene()
        body, seen = sdp(PBX), sdp(WAN)
        events = [(scene.lan(inside.request("INVITE", 1, body)),
                   outside.request("INVITE", 1, seen)),
                  (scene.wan(outside.response(180)), inside.response(180)),
                  (scene.wan(outside.response(200, body=sdp(FAR))),
                   inside.response(200, body=sdp(FAR))),
                  (scene.lan(inside.request("ACK")), outside.request("ACK")),
                  (scene.wan(outside.back_request("INFO", 1)), inside.back_request("INFO", 1)),
                  (scene.lan(inside.back_response(200, 1, "INFO")),
                   outside.back_response(200, 1, "INFO")),
                  (scene.wan(outside.back_request("BYE", 2)), inside.back_request("BYE", 2)),
                  (scene.lan(inside.back_response(200, 2)), outside.back_response(200, 2)),
                  # a repetition, when the record has ended
                  (scene.wan(outside.back_request("BYE", 2)), inside.back_request("BYE", 2))]
        result = scene.run()
        for event, expected in events:
            self.assert_text(event, expected)
        self.assert_nothing_left(result)

    def test_without_a_record_the_inside_end_of_the_flow_serves(self):
        inside = Call(caller=NOBODY, callee=TRUNK)
        outside = inside.seen({NOBODY: WAN, PBX: WAN})
        scene = self.scene()
        out = scene.lan(inside.request("OPTIONS"))
        back = scene.wan(outside.response(200, 1, "OPTIONS", extra=identities(WAN)))
        scene.run()
        self.assert_text(out, outside.request("OPTIONS"))
        self.assert_text(back, Call().response(200, 1, "OPTIONS", extra=identities(PBX)))


def warnings(host, port):
    """The last one's host is a name; a text is a text."""
    return [f'Warning: 301 {host}{port} "Text, \\", {PBX} \\\\", 399 {FAR} "x", 399 {host} "{PBX}"',
            f'WARNING: 307\r\n {host}{port}\r\n "{PBX}"', f'Warning: 370 pbx "{PBX}"', f'Warning: 399 {PBX}']


class Warnings(SipTest):
    def test_host_of_a_warning_changes_outward_alone(self):
        for near, far, port in ((PBX, WAN, ""), (PBX, WAN, ":5099"), (NOBODY, WAN, ""), (FAR, FAR, ""),
                                ("0.0.0.0", "0.0.0.0", ""), ("pbx.example.com", "pbx.example.com", "")):
            with self.subTest(host=near, port=port):
                scene = self.scene()
                inside, outside = Call(), Call().seen()
                far_seen = warnings(far, port)
                far_seen[-1] = f"Warning: 399 {WAN}"
                scene.lan(inside.request("OPTIONS"))
                answer = scene.wan(outside.response(400, 1, "OPTIONS", extra=far_seen))
                scene.wan(outside.back_request("INFO", 1))
                told = scene.lan(inside.back_response(488, 1, "INFO", extra=warnings(near, port)))
                result = scene.run()
                self.assert_text(answer, inside.response(400, 1, "OPTIONS", extra=far_seen))
                self.assert_text(told, outside.back_response(488, 1, "INFO", extra=far_seen))
                self.assertEqual(result.count("summary translations"), 1)


class Static(SipTest):
    """An identity that names another inside host has the address that a static rule gives to that host."""

    def scene(self, **config):
        return super().scene(rules=STATIC + DYNAMIC, **config)

    def test_every_identity_has_the_address_of_its_host(self):
        for near, far, port in ((HOST, HOST_SEEN, ""), (HOST, HOST_SEEN, ":5099"),
                                (PORT, PORT_SEEN, ""), (PORT, PORT_SEEN, ":5060"),
                                (PORT, WAN, ":5099"), (NOBODY, WAN, "")):
            with self.subTest(host=near, port=port):
                scene = self.scene()
                inside, outside = Call(), Call().seen()
                asked = scene.lan(inside.request("OPTIONS", extra=identities(near, port)))
                scene.wan(outside.back_request("INFO", 1))
                told = scene.lan(inside.back_response(200, 1, "INFO", extra=identities(near, port)))
                result = scene.run()
                self.assert_text(asked, outside.request("OPTIONS", extra=identities(far, port)))
                self.assert_text(told, outside.back_response(200, 1, "INFO", extra=identities(far, port)))
                self.assertEqual(result.count("summary translations"), 2, "its rule's, and the sender's")

    def test_it_comes_back_as_the_inside_wrote_it(self):
        """A whole address is one host's; of a port alone the record knows, for From and To."""
        for near, far, others in ((HOST, HOST_SEEN, HOST), (PORT, PORT_SEEN, PORT_SEEN)):
            with self.subTest(host=near):
                inside, outside = Call(caller=near), Call(caller=far).seen()
                scene = self.scene()
                events = [(scene.lan(inside.request("INVITE", 1, sdp(PBX))),
                           outside.request("INVITE", 1, sdp(WAN))),
                          (scene.wan(outside.response(200, body=sdp(FAR), extra=identities(far))),
                           inside.response(200, body=sdp(FAR), extra=identities(others))),
                          (scene.lan(inside.request("ACK")), outside.request("ACK")),
                          (scene.wan(outside.back_request("BYE", 1)), inside.back_request("BYE", 1)),
                          (scene.lan(inside.back_response(200)), outside.back_response(200))]
                result = scene.run()
                for event, expected in events:
                    self.assert_text(event, expected)
                self.assert_nothing_left(result)

    def test_a_header_of_who_has_it_is_its_own(self):
        """Between callgate and the host itself its address is the packet's, as before."""
        scene = self.scene()
        inside = Call(caller=HOST, via=f"{HOST}:5060", contact=f"{HOST}:5060")
        outside = inside.seen({HOST: HOST_SEEN})
        events = [(scene.lan(inside.request("OPTIONS", extra=identities(PBX)), HOST),
                   outside.request("OPTIONS", extra=identities(HOST_SEEN))),
                  (scene.wan(outside.response(200, 1, "OPTIONS", extra=identities(HOST_SEEN)), dst=HOST_SEEN),
                   inside.response(200, 1, "OPTIONS", extra=identities(HOST)))]
        scene.run()
        for event, expected in events:
            self.assert_text(event, expected)


def untouchable(host):
    """Headers whose text may look like the host's address."""
    return [f'Authorization: Digest username="{host}", realm="{host}", uri="sip:{host}:5060"',
            f'Proxy-Authorization: Digest username="{host}", uri="sip:200@{host}"',
            f'WWW-Authenticate: Digest realm="{host}", domain="sip:{host}", nonce="n"',
            f'Proxy-Authenticate: Digest realm="{host}", nonce="{host}"',
            f'Authentication-Info: nextnonce="{host}"',
            f"Identity: eyJhbGciOi.{host};info=<https://{host}/c.pem>;alg=ES256",
            f"Identity-Info: <https://{host}/c.pem>;alg=rsa-sha1", f"Date: {host}",
            f"Replaces: x@{host};to-tag={host};from-tag=1", f"Join: x@{host};to-tag=1;from-tag=2",
            f"Target-Dialog: x@{host};local-tag=1;remote-tag=2", f"In-Reply-To: y@{host}, {host}",
            f"User-Agent: {host}", f"Server: {host}", f"Organization: {host}",
            f"Subject: sip:{host}:5060",
            f"Alert-Info: <http://{host}/ring>", f"Call-Info: <sip:{host}>;purpose=info",
            f"Event: dialog;call-id=x@{host}", f"Reason: SIP;text=\"{host}\"",
            f"X-Unknown: <sip:100@{host}:5060>", f"X-Contact: <sip:{host}>"]


class Never(SipTest):
    """Also where it holds the sender's inside address, or the outside one on the way back."""

    def text(self, host, marks, start, headers, body=b"", **fields):
        """`host` stands where it is translated, `marks` where it is not."""
        return message(start, [
            f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bK{marks};x={marks}",
            f"From: \"{marks}\" <sip:{marks}@{host};x={marks}>;tag={marks}",
            f"To: \"{marks}\" <sip:200@{TRUNK}>;tag={marks}x", f"Call-ID: {marks}@{marks}",
            f"Contact: \"{marks}\" <sip:{marks}@{host}:5060;x={marks}>;y=\"{marks}\"",
            "CSeq: 1 INFO", *headers], body, **fields)

    def both_ways(self, headers=lambda marks: [], body=b"", **fields):
        for marks in (PBX, WAN, f"{PBX}:5060", f"{WAN}:5060"):
            content = body.replace(b"MARKS", marks.encode())

            def text(host, start, marks=marks, content=content):
                return self.text(host, marks, start, headers(marks), content, **fields)
            request, response = "INFO sip:200@198.51.100.10 SIP/2.0", "SIP/2.0 200 OK"
            scene = self.scene()
            out, back = scene.lan(text(PBX, request)), scene.wan(text(WAN, response))
            scene.run()
            self.assert_text(out, text(WAN, request))
            self.assert_text(back, text(PBX, response))

    def test_headers(self):
        for part in range(3):       # each message fits into a packet
            self.both_ways(lambda marks, part=part: untouchable(marks)[part::3])

    def test_bodies_that_are_not_known(self):
        for kind in ("application/dialog-info+xml", "application/pidf+xml", "message/sipfrag",
                     "application/vnd.3gpp.sms", "text/plain"):
            self.both_ways(body=b"<x call-id='a@MARKS'>\r\nv=0\r\nc=IN IP4 MARKS\r\n"
                                b"Contact: <sip:MARKS>\r\n</x>", content_type=kind)

    def test_lines_of_a_description_that_name_nobody(self):
        lines = [f"a={name}:{{0}}" for name in ("x", "fmtp", "rtcp-fb", "ssrc", "msid", "label",
                                                "ice-ufrag", "tls-id")]
        lines += ["a=fingerprint:sha-256 {0}", "a=ice-pwd:{0}", "a=identity:{0}",
                  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{0}", "a=key-mgmt:mikey {0}",
                  "k=clear:{0}", "b=X:{0}", "i=c=IN IP4 {0}"]
        head = "v=0\r\no=- 7 1 IN IP4 {1}\r\ns={0}\r\ni={0}\r\nu=sip:{0}\r\ne={0}\r\np={0}\r\n"
        rest = "c=IN IP4 {1}\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n" + "\r\n".join(lines) + "\r\n"
        for marks in (PBX, WAN):
            scene, call = self.scene(), Call()
            bodies = [(head + rest).format(marks, host).encode() for host in (PBX, WAN)]
            out = scene.lan(call.request("INVITE", 1, bodies[0]))
            answer = (head + rest).format(marks, FAR).encode()
            back = scene.wan(call.seen().response(200, body=answer))
            scene.run()
            self.assert_text(out, call.seen().request("INVITE", 1, bodies[1]))
            self.assert_text(back, call.response(200, body=answer))


if __name__ == "__main__":
    main()
