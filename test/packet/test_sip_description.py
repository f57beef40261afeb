#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Descriptions: every place that names an address or a port, and every body that holds one."""
from replay import main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, WAN, Call, sdp


def part(content, *headers, ends="\r\n"):
    """A body part; its description's bytes stay as they are."""
    return ends.join(headers).encode() + (ends * 2).encode() + content


def multipart(*parts, boundary="b", ends="\r\n", preamble=b"", epilogue=b""):
    line = ends.encode()
    begin = b"--" + boundary.encode()
    return (preamble + b"".join(begin + line + p + line for p in parts) + begin + b"--" + line
            + epilogue)


class Descriptions(SipTest):
    def offered(self, inside, outside, **text):
        """An INVITE with one body leaves with the other; the call is then refused."""
        call = OutgoingCall(self.scene())
        call.out(call.inside.request("INVITE", 1, inside, **text),
                 call.outside.request("INVITE", 1, outside, **text))
        call.respond(486)
        call.request("ACK", 1, uri=call.inside.uri, tagged=True)
        result = call.scene.run()
        call.check_texts()
        self.assert_nothing_left(result)
        return result

    def both(self, make, **text):
        return self.offered(make(PBX), make(WAN), **text)

    def test_msrp_path_follows_its_media(self):
        def body(host):
            return sdp(host, 10000, lines=[
                "m=message 7394 TCP/MSRP *", "a=accept-types:text/plain",
                f"a=path:msrp://{host}:7394/2s93i9ek2a;tcp",
                "m=message 7395 TCP/TLS/MSRP *",
                f"a=path:msrp://relay.example.com:2855/x;tcp msrps://a@{host}:7395/y;tcp"])
        self.both(body)

    def test_msrp_path_to_a_port_of_another_translation(self):
        """The outside port of a path is its media's, even where that is not the inside one."""
        call = OutgoingCall(self.scene())
        first = Call(call_id="first@10.0.0.6", caller=PHONE, via=f"{PHONE}:5060",
                     contact=f"{PHONE}:5060")
        call.scene.lan(first.request("INVITE", 1, sdp(
            PHONE, media="m=message 7394 TCP/MSRP *",
            lines=[f"a=path:msrp://{PHONE}:7394/a;tcp"])), src=PHONE)
        event = call.scene.lan(call.inside.request("INVITE", 1, sdp(
            PBX, media="m=message 7394 TCP/MSRP *",
            lines=[f"a=path:msrp://{PBX}:7394/b;tcp"])))
        call.scene.run()
        text = event.payload.decode()
        port = int(text.split("m=message ")[1].split()[0])
        self.assertNotEqual(port, 7394)
        self.assertIn(f"a=path:msrp://{WAN}:{port}/b;tcp\r\n", text)
        self.assertNotIn(PBX + ":7394", text)

    def test_active_end_of_msrp_opens_nothing_and_hides_its_host(self):
        def body(host):
            return sdp(host, media="m=message 9 TCP/MSRP *",
                       lines=["a=setup:active", f"a=path:msrp://{host}:9/x;tcp",
                              f"a=path:msrp://{host}/y;tcp"])
        self.assert_sip(self.both(body), media_opened=0)

    def test_several_connections_of_one_stream(self):
        def body(host):
            return sdp(host, 10000, lines=[
                "m=video 10002/2 RTP/AVP 31", f"c=IN IP4 {host}/127", f"c=IN IP4 {host}",
                "c=IN IP4 198.51.100.77", "c=IN IP6 2001:db8::5"])
        self.both(body)

    def test_fax_over_udptl_and_tcp(self):
        def body(host):
            return sdp(host, media="m=image 10000 udptl t38", direction=None, lines=[
                "a=T38FaxVersion:0", "a=T38FaxUdpEC:t38UDPRedundancy", "m=image 10002 tcp t38",
                "a=setup:passive"])
        self.both(body)

    def test_candidates_of_every_kind(self):
        def lines(host):
            return [f"a=candidate:1 1 UDP 2130706431 {host} 10000 typ host generation 0",
                    f"a=candidate:1 2 UDP 2130706430 {host} 10001 typ host",
                    "a=candidate:2 1 UDP 2130706431 2001:db8::5 10000 typ host",
                    "a=candidate:3 1 UDP 2130706431 a1b2.local 10000 typ host",
                    f"a=candidate:4 1 UDP 1694498815 {FAR} 45664 typ relay raddr {host} rport 10000",
                    f"a=candidate:5 1 UDP 1 {FAR} 45665 typ prflx raddr 2001:db8::5 rport 10000",
                    f"a=candidate:6 1 TCP 1 {host} 9 typ host tcptype active",
                    f"a=candidate:7 256 UDP 1 {host} 10256 typ host",
                    "a=ice-ufrag:8hhY", "a=ice-pwd:asd88fgpdd777uzjYhagZg", "a=end-of-candidates"]
        self.both(lambda host: sdp(host, 10000, lines=lines(host)))

    def test_remote_candidates_come_back_as_the_inside_named_them(self):
        call = OutgoingCall(self.scene())
        call.establish()

        def offer(host, port):
            return call.answer(version=2, lines=[
                f"a=remote-candidates:1 {host} {port} 2 {host} {port + 1}",
                f"a=remote-candidates:1 {FAR} 10000 2 2001:db8::5 1"])
        call.back(call.outside.back_request("INVITE", 1, offer(WAN, 10000)),
                  call.inside.back_request("INVITE", 1, offer(PBX, 10000)))
        inside, outside = (sdp(h, 10000, version=2, lines=[
            f"a=remote-candidates:1 {FAR} 20000 2 {FAR} 20001"]) for h in (PBX, WAN))
        call.out(call.inside.back_response(200, 1, "INVITE", inside),
                 call.outside.back_response(200, 1, "INVITE", outside))
        call.back(call.outside.back_request("ACK", 1), call.inside.back_request("ACK", 1))
        call.hang_up()
        result = call.scene.run()
        call.check_texts()
        self.assert_nothing_left(result)

    def test_lines_that_end_with_cr_or_lf_alone(self):
        for ends in (b"\r", b"\n"):
            self.both(lambda host, ends=ends: sdp(host, 10000, lines=[
                f"a=rtcp:10001 IN IP4 {host}", "m=video 10002 RTP/AVP 31",
                f"c=IN IP4 {host}"]).replace(b"\r\n", ends))

    def test_an_added_line_ends_as_the_others_do(self):
        """Another host has the port behind RTP's: a=rtcp is said, and stands before empty lines."""
        for ends in (b"\r\n", b"\n", b"\r"):
            call = OutgoingCall(self.scene(zones=""))
            for src, port in ((PHONE, 10001), (PBX, 10000)):
                call.scene.lan(b"before", src, port, FAR, 9)
            event = call.scene.lan(call.inside.request(
                "INVITE", 1, sdp(PBX, 10000).replace(b"\r\n", ends) + ends))
            call.scene.run()
            body = event.payload.split(b"\r\n\r\n", 1)[1]
            self.assertRegex(body, b"m=audio 10000 RTP/AVP 0" + ends)
            self.assertRegex(body, b"a=sendrecv" + ends + b"a=rtcp:[0-9]+" + ends + ends + b"$")
            self.assertNotIn(b"a=rtcp:10001" + ends, body)

    def test_every_description_of_a_body(self):
        """multipart/alternative: both have their addresses and ports translated, and opened."""
        def body(host):
            return multipart(
                part(sdp(host, 10000), "Content-Type: application/sdp"),
                part(b"SIP/2.0 200 OK\r\nContact: <sip:10.0.0.5>\r\n",
                     "Content-Type: message/sipfrag"),
                part(b"<presence entity='pres:a@10.0.0.5'/>", "Content-Type: application/pidf+xml"),
                part(sdp(host, 12000, media="m=audio 12000 RTP/SAVP 0"),
                     "Content-Disposition: early-session", "Content-Type: application/sdp"))
        self.both(body, content_type="multipart/alternative;boundary=b")

    def test_media_of_a_further_description_is_open(self):
        call = OutgoingCall(self.scene())
        inside, outside = (multipart(part(sdp(h, 10000), "Content-Type: application/sdp"),
                                     part(sdp(h, 12000), "Content-Type: application/sdp"))
                           for h in (PBX, WAN))
        kind = {"content_type": "multipart/alternative;boundary=b"}
        call.out(call.inside.request("INVITE", 1, inside, **kind),
                 call.outside.request("INVITE", 1, outside, **kind))
        call.respond(200, body=call.answer())
        call.request("ACK")
        first, second = call.media_in(), call.scene.wan(b"other", FAR, 20000, WAN, 12000)
        call.hang_up()
        after = call.scene.wan(b"late", FAR, 20000, WAN, 12000)
        result = call.scene.run()
        call.check_texts()
        self.assert_nothing_left(result)
        self.assert_media(first, call.in_ends())
        self.assert_media(second, (FAR, 20000, PBX, 12000))
        self.assert_stopped(after)

    def test_a_description_that_cannot_be_read_hides_no_other(self):
        def body(host):
            return multipart(part(b"v=0\r\nm=broken\r\n", "Content-Type: application/sdp"),
                             part(sdp(host, 10000), "Content-Type: application/sdp"),
                             part(b"v=0\r\nc=broken\r\n", "Content-Type: application/sdp"))
        self.assert_sip(self.both(body, content_type="multipart/mixed;boundary=b"), malformed=2)

    def test_nested_and_quoted_boundaries(self):
        def body(host):
            inner = multipart(part(sdp(host, 10000), "Content-Type: application/sdp"),
                              boundary="b (c): 'd'")
            return multipart(part(b"plain", "Content-Type: text/plain"), part(
                inner, "Content-Type: multipart/related; boundary=\"b (c): 'd'\""),
                preamble=b"v=0 is no description here\r\n", epilogue=b"v=0\r\n")
        self.both(body, content_type="multipart/mixed; boundary=\"b\"")

    def test_content_length_of_a_part_follows(self):
        def body(host):
            text = sdp(host, 10000)
            inner = multipart(part(text, "Content-Type: application/sdp",
                                   f"Content-Length: {len(text)}"), boundary="c")
            return multipart(part(inner, "Content-Type: multipart/alternative;boundary=c",
                                  f"Content-Length: {len(inner)}"),
                             part(b"plain", "Content-Length: 5"))
        self.both(body, content_type="multipart/mixed;boundary=b")

    def test_more_media_than_is_kept_leaves_with_no_inside_address(self):
        bodies = [sdp(PBX, media="m=audio 10000/9 RTP/AVP 0"),
                  sdp(PBX, lines=[f"m=audio {11000 + 2 * n} RTP/AVP 0" for n in range(16)]),
                  sdp(PBX, 10000, lines=[f"a=candidate:1 1 UDP {n} {PBX} {11000 + n} typ host"
                                         for n in range(33)]),
                  sdp(PBX, media="m=audio 10000/8 RTP/AVP 0", lines=[
                      f"m=audio {11000 + 16 * n}/8 RTP/AVP 0" for n in range(8)])]
        scene = self.scene()
        refused = [scene.lan(Call(call_id=f"{n}@x").request("INVITE", 1, body))
                   for n, body in enumerate(bodies)]
        result = scene.run()
        self.assert_stopped(*refused)
        self.assertEqual(result.drops(), {"sip_no_media": len(bodies)})
        self.assert_sip(result, too_many_media=len(bodies), media_opened=0)
        self.assert_nothing_left(result)

    def test_encoded_bodies_are_left_alone(self):
        text = sdp(PBX, 10000)
        bodies = [multipart(part(text, "Content-Type: application/sdp", header))
                  for header in ("Content-Transfer-Encoding: base64", "Content-Encoding: gzip")]
        for body in bodies:
            self.offered(body, body, content_type="multipart/mixed;boundary=b")
        self.offered(text, text, extra=["Content-Encoding: gzip"])


if __name__ == "__main__":
    main()
