#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Offers and answers: early media, late offers, forks, hold, refusals, and what may be opened."""
from replay import main
from scene import OutgoingCall, SipTest
from sip_text import FAR, PBX, PHONE, WAN, Call, sdp


class OffersAndAnswers(SipTest):
    def call(self, **config):
        return OutgoingCall(self.scene(**config))

    def finish(self, call, *, left=False):
        """Run; every text exact; at the end nothing is left."""
        result = call.scene.run()
        call.check_texts()
        if not left:
            self.assert_nothing_left(result)
        return result

    def hold(self, call, cseq, direction, answer_direction, version):
        inside, outside = (sdp(host, 10000, version=version, direction=direction)
                           for host in (PBX, WAN))
        call.out(call.inside.request("INVITE", cseq, inside, tagged=True),
                 call.outside.request("INVITE", cseq, outside, tagged=True))
        call.respond(200, cseq, body=call.answer(version=version, direction=answer_direction))
        call.request("ACK", cseq)

    def test_early_media_after_183_and_the_same_answer_in_200(self):
        call = self.call()
        call.invite()
        call.respond(183, body=call.answer())
        early = call.media_in()
        out = call.media_out()
        call.respond(200, body=call.answer())
        call.request("ACK")
        late = call.media_in()
        call.hang_up()
        self.finish(call)
        for event in (early, late):
            self.assert_media(event, call.in_ends())
        self.assert_media(out, call.out_ends())

    def test_183_without_a_description_is_no_fault(self):
        call = self.call()
        call.invite()
        call.respond(183)
        call.respond(200, body=call.answer())
        call.request("ACK")
        media = call.media_in()
        call.hang_up()
        self.assert_sip(self.finish(call), r183=1, malformed=0)
        self.assert_media(media, call.in_ends())

    def test_late_offer_in_200_and_answer_in_ack(self):
        call = self.call()
        call.request("INVITE")
        call.respond(200, body=call.answer())
        inside, outside = call.offer()
        call.request("ACK", 1, inside, outside)
        media = [(call.media_in(n), call.in_ends(n)) for n in (0, 1)]
        media += [(call.media_out(n), call.out_ends(n)) for n in (0, 1)]
        call.hang_up()
        after = call.media_in()
        self.finish(call)
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(after)

    def test_prack_and_update_open_media_as_invite_does(self):
        for method in ("PRACK", "UPDATE"):
            call = self.call()
            call.invite()
            call.respond(183, body=call.answer(), extra=["Require: 100rel", "RSeq: 1"])
            inside, outside = (sdp(h, 11000, version=2) for h in (PBX, WAN))
            call.request(method, 2, inside, outside)
            call.respond(200, 2, method, call.answer(version=2))
            moved = call.scene.wan(b"rtp", FAR, 20000, WAN, 11000)
            call.respond(200)
            call.request("ACK")
            old = call.media_in()
            call.hang_up(3)
            result = self.finish(call)
            self.assert_media(moved, (FAR, 20000, PBX, 11000))
            self.assert_stopped(old)
            self.assert_sip(result, **{method: 1}, r183=1)

    def test_hold_and_resume_change_no_port_and_keep_the_media(self):
        call = self.call()
        call.establish()
        self.hold(call, 2, "sendonly", "recvonly", 2)
        held = call.media_in(1)
        self.hold(call, 3, "sendrecv", "sendrecv", 3)
        media = [(call.media_in(), call.in_ends()), (call.media_out(), call.out_ends())]
        call.hang_up(4)
        result = self.finish(call)
        self.assert_media(held, call.in_ends(1))
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_sip(result, media_opened=4, media_closed=4)

    def test_hold_with_zero_address_keeps_zero_and_the_ports(self):
        call = self.call()
        call.establish()
        inside, outside = (sdp("0.0.0.0", 10000, version=2, origin=h) for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 2, inside, tagged=True),
                 call.outside.request("INVITE", 2, outside, tagged=True))
        call.respond(200, 2, body=call.answer(version=2))
        call.request("ACK", 2)
        self.hold(call, 3, "sendrecv", "sendrecv", 3)
        media = call.media_in()
        call.hang_up(4)
        self.finish(call)
        self.assert_media(media, call.in_ends())

    def test_held_from_outside_and_resumed(self):
        call = self.call()
        call.establish()
        for cseq, direction, back in ((1, "sendonly", "recvonly"), (2, "sendrecv", "sendrecv")):
            offer = call.answer(version=cseq + 1, direction=direction)
            call.back(call.outside.back_request("INVITE", cseq, offer),
                      call.inside.back_request("INVITE", cseq, offer))
            inside, outside = (sdp(h, 10000, version=cseq + 1, direction=back)
                               for h in (PBX, WAN))
            call.out(call.inside.back_response(200, cseq, "INVITE", inside),
                     call.outside.back_response(200, cseq, "INVITE", outside))
            call.back(call.outside.back_request("ACK", cseq),
                      call.inside.back_request("ACK", cseq))
        media = [(call.media_in(), call.in_ends()), (call.media_out(), call.out_ends())]
        call.hang_up()
        self.assert_sip(self.finish(call), media_opened=4)
        for event, ends in media:
            self.assert_media(event, ends)

    def test_call_on_hold_outlives_the_media_inactivity_timeout(self):
        for held, left in ((True, 1), (False, 0)):
            call = self.call(extra="sip: { media_inactivity_timeout = 60; };")
            call.establish()
            self.hold(call, 2, "inactive" if held else "sendrecv",
                      "inactive" if held else "sendrecv", 2)
            result = call.scene.run(drain=200)
            self.assertEqual(result.count("summary calls"), left)

    def test_call_that_a_timer_took_for_dead_goes_on_with_a_reinvite(self):
        for silence in (75, 200):
            # the ports are those it had, for nobody lets them rest
            call = self.call(extra="sip: { media_inactivity_timeout = 60; };",
                             nat="port_hold: { seconds = 0; };")
            call.establish()
            call.scene.wait(silence)
            before = call.media_in()
            inside, outside = call.offer(version=2)
            call.out(call.inside.request("INVITE", 2, inside, tagged=True),
                     call.outside.request("INVITE", 2, outside, tagged=True))
            call.respond(200, 2, body=call.answer())
            call.request("ACK", 2)
            call.scene.wait(20)
            after = [call.media_in(), call.media_out()]
            call.hang_up(3)
            self.finish(call)
            self.assert_stopped(before)
            self.assert_media(after[0], call.in_ends())
            self.assert_media(after[1], call.out_ends())

    def test_reinvite_to_another_port_moves_media_and_closes_the_old(self):
        call = self.call()
        call.establish()
        inside, outside = (sdp(h, 12000, version=2) for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 2, inside, tagged=True),
                 call.outside.request("INVITE", 2, outside, tagged=True))
        both = [call.media_in(), call.scene.wan(b"early", FAR, 20000, WAN, 12000)]
        call.respond(200, 2, body=call.answer(version=2))
        call.request("ACK", 2)
        old, new = call.media_in(), call.scene.wan(b"new", FAR, 20000, WAN, 12000)
        call.hang_up(3)
        self.finish(call)
        self.assert_media(both[0], call.in_ends())
        for event in (both[1], new):
            self.assert_media(event, (FAR, 20000, PBX, 12000))
        self.assert_stopped(old)

    def test_refused_reinvite_gives_its_offer_back_and_keeps_the_call(self):
        call = self.call()
        call.establish()
        inside, outside = (sdp(h, 12000, version=2) for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 2, inside, tagged=True),
                 call.outside.request("INVITE", 2, outside, tagged=True))
        call.respond(488, 2)
        call.request("ACK", 2)
        refused, kept = call.scene.wan(b"no", FAR, 20000, WAN, 12000), call.media_in()
        call.hang_up(3)
        self.finish(call)
        self.assert_stopped(refused)
        self.assert_media(kept, call.in_ends())

    def test_forks_have_answers_of_their_own_and_the_unanswered_one_ends(self):
        call = self.call()
        call.invite()
        texts = []
        for tag, port in (("fork-a", 20000), ("fork-b", 22000)):
            forks = [Call(to_tag=tag), Call(to_tag=tag).seen()]
            body = sdp(FAR, port)
            texts.append((call.scene.wan(forks[1].response(183, body=body)),
                          forks[0].response(183, body=body)))
        early = [call.scene.wan(b"a", FAR, 20000, WAN, 10000),
                 call.scene.wan(b"b", FAR, 22000, WAN, 10000)]
        inside, outside = Call(to_tag="fork-b"), Call(to_tag="fork-b").seen()
        texts.append((call.scene.wan(outside.response(200, body=sdp(FAR, 22000))),
                      inside.response(200, body=sdp(FAR, 22000))))
        texts.append((call.scene.lan(inside.request("ACK")), outside.request("ACK")))
        media = call.scene.wan(b"b2", FAR, 22000, WAN, 10000)
        call.scene.lan(inside.request("BYE", 2))
        call.scene.wan(outside.response(200, 2, "BYE"))
        result = self.finish(call)
        for event, expected in texts:
            self.assert_text(event, expected)
        self.assert_media(early[0], (FAR, 20000, PBX, 10000))
        for event in (early[1], media):
            self.assert_media(event, (FAR, 22000, PBX, 10000))
        self.assert_sip(result, call_ended=1)

    def test_early_media_of_two_forks_at_two_addresses(self):
        call = self.call()
        other = "198.51.100.21"
        call.invite()
        forks = {"fork-a": (FAR, 20000), "fork-b": (other, 22000)}
        texts = []

        def answer(status, tag):
            body = sdp(*forks[tag])
            texts.append((call.scene.wan(Call(to_tag=tag).seen().response(status, body=body)),
                          Call(to_tag=tag).response(status, body=body)))
        answer(183, "fork-a")
        answer(183, "fork-b")
        early = [(call.scene.wan(b"a", FAR, 20000, WAN, 10000), (FAR, 20000, PBX, 10000)),
                 (call.scene.wan(b"b", other, 22000, WAN, 10000), (other, 22000, PBX, 10000)),
                 (call.scene.wan(b"a", FAR, 20001, WAN, 10001), (FAR, 20001, PBX, 10001))]
        stranger = call.scene.wan(b"x", "198.51.100.22", 22000, WAN, 10000)
        answer(200, "fork-b")
        inside, outside = Call(to_tag="fork-b"), Call(to_tag="fork-b").seen()
        texts.append((call.scene.lan(inside.request("ACK")), outside.request("ACK")))
        moved = [call.scene.wan(b"a", FAR, 20002, WAN, 10000),
                 call.scene.wan(b"b", other, 22002, WAN, 10000)]
        call.scene.lan(inside.request("BYE", 2))
        call.scene.wan(outside.response(200, 2, "BYE"))
        self.finish(call)
        for event, expected in texts:
            self.assert_text(event, expected)
        for event, ends in early:
            self.assert_media(event, ends)
        self.assert_stopped(stranger, moved[0])
        self.assert_media(moved[1], (other, 22002, PBX, 10000))

    def test_cancelled_call_leaves_nothing(self):
        call = self.call()
        call.invite()
        call.respond(180)
        branch = "z9hG4bK-one@10.0.0.5-1-INVITE"
        call.request("CANCEL", 1, branch=branch, tagged=False, contact=False)
        call.respond(200, 1, "CANCEL", contact=False, branch=branch)
        during = call.media_in()
        call.respond(487, contact=False)
        call.request("ACK", 1, branch=branch, uri=call.inside.uri, tagged=True, contact=False)
        after = call.media_in()
        result = self.finish(call)
        self.assert_media(during, call.in_ends())
        self.assert_stopped(after)
        self.assert_sip(result, CANCEL=1, r4xx=1, call_ended=1)

    def test_refused_call_leaves_nothing(self):
        for status in (302, 404, 503, 603):
            call = self.call()
            call.invite()
            call.respond(status)
            call.request("ACK", 1, uri=call.inside.uri, tagged=True)
            after = call.media_in()
            self.finish(call)
            self.assert_stopped(after)

    def test_refused_stream_and_zero_port(self):
        call = self.call()
        lines = ["m=video 10002 RTP/AVP 31"]
        inside, outside = (sdp(h, 10000, lines=lines) for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 1, inside),
                 call.outside.request("INVITE", 1, outside))
        call.respond(200, body=call.answer(lines=["m=video 0 RTP/AVP 31"]))
        call.request("ACK")
        audio, video = call.media_in(), call.media_in(2)
        call.hang_up()
        self.finish(call)
        self.assert_media(audio, call.in_ends())
        self.assert_stopped(video)

    def test_second_stream_on_another_inside_host(self):
        call = self.call()
        lines = ["m=video 10002 RTP/AVP 31", f"c=IN IP4 {PHONE}"]
        seen = [lines[0], f"c=IN IP4 {WAN}"]
        call.out(call.inside.request("INVITE", 1, sdp(PBX, lines=lines)),
                 call.outside.request("INVITE", 1, sdp(WAN, lines=seen)))
        call.respond(200, body=call.answer(lines=["m=video 20002 RTP/AVP 31"]))
        call.request("ACK")
        video = call.media_in(2)
        call.hang_up()
        self.finish(call)
        self.assert_media(video, (FAR, 20002, PHONE, 10002))

    def test_media_hosts_sender_opens_for_nobody_else(self):
        call = self.call(extra='sip: { media_hosts = "sender"; };')
        call.scene.lan(call.inside.request("INVITE", 1, sdp(PHONE, 10000)))
        media = call.media_in()
        result = call.scene.run()
        self.assert_stopped(media)
        self.assert_sip(result, media_refused=2, media_opened=0)

    def test_outside_opens_nothing_toward_an_inside_host_it_names(self):
        call = self.call()
        call.invite()
        call.respond(200, body=sdp(PHONE, 5000))
        attacks = [call.scene.wan(b"x", FAR, 1, WAN, 5000),
                   call.scene.wan(b"x", FAR, 1, PHONE, 5000)]
        result = call.scene.run()
        self.assert_stopped(*attacks)
        self.assert_sip(result, media_opened=2)

    def test_ports_below_1024_and_own_addresses_are_not_opened(self):
        for host, port in ((PBX, 22), ("10.0.0.1", 10000), ("10.0.0.255", 10000),
                           ("224.0.0.1", 10000), (WAN, 10000)):
            call = self.call()
            call.scene.lan(call.inside.request("INVITE", 1, sdp(host, port)))
            result = call.scene.run()
            self.assert_sip(result, media_opened=0)
            self.assertEqual(result.count("summary media_pinholes"), 0, host)

    def test_rtcp_on_a_port_of_its_own_with_and_without_an_address(self):
        for address in ("", " IN IP4 {host}"):
            call = self.call()
            inside, outside = (sdp(h, 10000, lines=[f"a=rtcp:{port}{address.format(host=h)}"])
                               for h, port in ((PBX, 10055), (WAN, 10001)))
            call.out(call.inside.request("INVITE", 1, inside),
                     call.outside.request("INVITE", 1, outside))
            call.respond(200, body=call.answer())
            call.request("ACK")
            rtcp, other = call.media_in(1), call.scene.wan(b"no", FAR, 20001, WAN, 10055)
            call.hang_up()
            self.finish(call)
            self.assert_media(rtcp, (FAR, 20001, PBX, 10055))
            self.assert_stopped(other)

    def test_every_port_of_a_stream_with_a_count_is_open(self):
        call = self.call()
        inside, outside = (sdp(h, media="m=audio 10000/3 RTP/AVP 0") for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 1, inside),
                 call.outside.request("INVITE", 1, outside))
        call.respond(200, body=sdp(FAR, media="m=audio 20000/3 RTP/AVP 0"))
        call.request("ACK")
        media = [(call.media_in(n), call.in_ends(n)) for n in range(6)]
        beyond = call.media_in(6)
        call.hang_up()
        self.finish(call)
        for event, ends in media:
            self.assert_media(event, ends)
        self.assert_stopped(beyond)

    def test_candidates_name_the_same_door_as_the_description(self):
        call = self.call()

        def lines(host):
            return [f"a=candidate:1 1 UDP 2130706431 {host} 10000 typ host",
                    f"a=candidate:1 2 UDP 2130706430 {host} 10001 typ host",
                    f"a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx "
                    f"raddr {host} rport 10000"]
        inside, outside = (sdp(h, 10000, lines=lines(h)) for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 1, inside),
                 call.outside.request("INVITE", 1, outside))
        call.respond(486)
        self.finish(call)

    def test_rtcp_mux_agreed_leaves_no_rtcp_door(self):
        call = self.call()
        inside, outside = (sdp(h, 10000, lines=["a=rtcp-mux"]) for h in (PBX, WAN))
        call.out(call.inside.request("INVITE", 1, inside),
                 call.outside.request("INVITE", 1, outside))
        early = call.media_in(1)
        call.respond(200, body=call.answer(lines=["a=rtcp-mux"]))
        call.request("ACK")
        rtp, rtcp = call.media_in(), call.media_in(1)
        call.hang_up()
        self.finish(call)
        self.assert_media(early, call.in_ends(1))
        self.assert_media(rtp, call.in_ends())
        self.assert_stopped(rtcp)


if __name__ == "__main__":
    main()
