#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Kinds of streams: bundled, added and removed, fax, over TCP, and at hosts that are left alone."""
from replay import IP, TCP, main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, WAN, sdp

RELAY = "198.51.100.77"


def bundled(host, audio, video, group="a v", **fields):
    text = sdp(host, audio, lines=["a=mid:a", "a=rtcp-mux", f"m=video {video} RTP/AVP 31",
                                   "a=mid:v", "a=rtcp-mux"], **fields)
    return text.replace(b"t=0 0\r\n", b"t=0 0\r\na=group:BUNDLE " + group.encode() + b"\r\n"
                        if group else b"t=0 0\r\n")


def fax(host, audio, image, version=1, protocol="udptl", lines=()):
    return sdp(host, audio, version=version, lines=[f"m=image {image} {protocol} t38", *lines])


class Streams(SipTest):
    def call(self, **config):
        return OutgoingCall(self.scene(**config))

    def finish(self, call):
        result = call.scene.run()
        call.check_texts()
        self.assert_nothing_left(result)
        return result

    def offer(self, call, cseq, make, answer):
        """An INVITE of the inside, its answer, and the ACK; `make` writes it for a host."""
        tagged = {"tagged": True} if cseq > 1 else {}
        call.out(call.inside.request("INVITE", cseq, make(PBX), **tagged),
                 call.outside.request("INVITE", cseq, make(WAN), **tagged))
        call.respond(200, cseq, body=answer)
        call.request("ACK", cseq)

    def back_offer(self, call, cseq, offer, make):
        """The same from outside."""
        call.back(call.outside.back_request("INVITE", cseq, offer),
                  call.inside.back_request("INVITE", cseq, offer))
        call.out(call.inside.back_response(200, cseq, "INVITE", make(PBX)),
                 call.outside.back_response(200, cseq, "INVITE", make(WAN)))
        call.back(call.outside.back_request("ACK", cseq), call.inside.back_request("ACK", cseq))

    def test_bundled_streams_keep_one_port(self):
        call = self.call()
        self.offer(call, 1, lambda h: bundled(h, 10000, 10002), bundled(FAR, 20000, 20000))
        media, idle = call.media_in(), call.scene.wan(b"video", FAR, 20000, WAN, 10002)
        self.offer(call, 2, lambda h: bundled(h, 10000, 10000, version=2),
                   bundled(FAR, 20000, 20000, version=2))
        later = [(call.media_in(), call.in_ends()), (call.media_out(), call.out_ends())]
        call.hang_up(3)
        self.finish(call)
        self.assert_media(media, call.in_ends())
        self.assert_stopped(idle)
        for event, ends in later:
            self.assert_media(event, ends)

    def test_streams_that_are_not_bundled_keep_their_ports(self):
        call = self.call()
        self.offer(call, 1, lambda h: bundled(h, 10000, 10002),
                   bundled(FAR, 20000, 20002, group=None))
        media = [(call.media_in(n), call.in_ends(n)) for n in (0, 2)]
        call.hang_up()
        self.finish(call)
        for event, ends in media:
            self.assert_media(event, ends)

    def test_stream_added_and_removed_by_either_side(self):
        call = self.call()

        def text(host, port, video, version):
            return sdp(host, port, version=version,
                       lines=[] if video is None else [f"m=video {video} RTP/AVP 31"])
        call.establish()
        self.offer(call, 2, lambda h: text(h, 10000, 10002, 2), text(FAR, 20000, 20002, 2))
        added = [(call.media_in(n), call.in_ends(n)) for n in (0, 2, 3)]
        added += [(call.media_out(n), call.out_ends(n)) for n in (0, 2)]
        self.back_offer(call, 1, text(FAR, 20000, 0, 3), lambda h: text(h, 10000, 0, 3))
        removed, kept = call.media_in(2), call.media_in()
        # The outside port of a stream that was closed rests for a while.
        self.back_offer(call, 2, text(FAR, 20000, 20002, 4), lambda h: text(h, 10000, 12002, 4))
        again = call.scene.wan(b"video", FAR, 20002, WAN, 12002)
        self.offer(call, 3, lambda h: text(h, 10000, 0, 5), text(FAR, 20000, 0, 5))
        gone = call.scene.wan(b"video", FAR, 20002, WAN, 12002)
        call.hang_up(4)
        self.finish(call)
        for event, ends in added:
            self.assert_media(event, ends)
        self.assert_media(kept, call.in_ends())
        self.assert_media(again, (FAR, 20002, PBX, 12002))
        self.assert_stopped(removed, gone)

    def test_fax_takes_the_place_of_audio_and_gives_it_back(self):
        call = self.call()
        call.establish()
        self.back_offer(call, 1, fax(FAR, 0, 20010, 2), lambda h: fax(h, 0, 10010, 2))
        sent = [(call.media_in(10), call.in_ends(10)), (call.media_out(10), call.out_ends(10))]
        silent = call.media_in()
        self.offer(call, 2, lambda h: fax(h, 12000, 0, 3), fax(FAR, 20000, 0, 3))
        sent += [(call.scene.wan(b"rtp", FAR, 20000 + n, WAN, 12000 + n),
                  (FAR, 20000 + n, PBX, 12000 + n)) for n in (0, 1)]
        sent += [(call.scene.lan(b"rtp", PBX, 12000, FAR, 20000), (WAN, 12000, FAR, 20000))]
        over = call.media_in(10)
        call.hang_up(3)
        self.finish(call)
        for event, ends in sent:
            self.assert_media(event, ends)
        self.assert_stopped(silent, over)

    def test_fax_over_tcp_to_who_listens(self):
        call = self.call()

        def connect(src, sport, flags="S"):
            return call.scene.add("wan0", IP(src=src, dst=WAN) / TCP(
                sport=sport, dport=10000, flags=flags, seq=1))
        self.offer(call, 1,
                   lambda h: sdp(h, media="m=image 10000 tcp t38", lines=["a=setup:actpass"]),
                   sdp(FAR, media="m=image 9 tcp t38", lines=["a=setup:active"]))
        first, other = connect(FAR, 33000), connect(RELAY, 33000)
        self.offer(call, 2,
                   lambda h: sdp(h, media="m=image 10000 tcp t38", version=2,
                                 lines=["a=setup:actpass", "a=connection:existing"]),
                   sdp(FAR, media="m=image 9 tcp t38", version=2,
                       lines=["a=setup:active", "a=connection:existing"]))
        again = connect(FAR, 33000)
        call.hang_up(3)
        after = connect(FAR, 33000)
        result = self.finish(call)
        for event in (first, again):
            (port, packet), = event.sent
            self.assertEqual((port, packet[IP].dst, packet[TCP].dport), ("lan0", PBX, 10000))
        self.assert_stopped(other, after)
        self.assert_sip(result, media_opened=1)

    def test_floor_control_over_tcp_and_udp(self):
        """BFCP (RFC 8856): beside the audio, to who listens."""
        def text(host, tcp, udp, **fields):
            return sdp(host, lines=[f"m=application {tcp} TCP/BFCP *", "a=setup:passive",
                                    "a=connection:new", f"m=application {udp} UDP/BFCP *"],
                       **fields)
        call = self.call()
        self.offer(call, 1, lambda h: text(h, 10010, 10020), text(FAR, 9, 20020, port=20000))
        connection = call.scene.add("wan0", IP(src=FAR, dst=WAN) / TCP(
            sport=33000, dport=10010, flags="S"))
        datagram, wrong = call.media_in(20), call.scene.wan(b"no", FAR, 20010, WAN, 10010)
        call.hang_up()
        result = self.finish(call)
        (port, packet), = connection.sent
        self.assertEqual((port, packet[IP].dst, packet[TCP].dport), ("lan0", PBX, 10010))
        self.assert_media(datagram, call.in_ends(20))
        self.assert_stopped(wrong)
        self.assert_sip(result, media_opened=4 + 3)

    def test_third_party_and_same_side_addresses_are_left_alone(self):
        """The inside names a relay outside for its audio; the outside names a host of the inside."""
        call = self.call()

        def offer(host):
            return sdp(RELAY, 40000, origin=host,
                       lines=["m=video 10002 RTP/AVP 31", f"c=IN IP4 {host}"])
        self.offer(call, 1, offer, sdp(PHONE, 30000, origin=FAR, lines=[
            "m=video 20002 RTP/AVP 31", f"c=IN IP4 {RELAY}"]))
        video = call.scene.wan(b"video", RELAY, 20002, WAN, 10002)
        attacks = [call.scene.wan(b"x", FAR, 1, WAN, 30000),
                   call.scene.wan(b"x", FAR, 1, PHONE, 30000),
                   call.scene.wan(b"x", FAR, 1, WAN, 40000)]
        call.hang_up()
        result = self.finish(call)
        self.assert_media(video, (RELAY, 20002, PBX, 10002))
        self.assert_stopped(*attacks)
        self.assert_sip(result, media_opened=4)


if __name__ == "__main__":
    main()
