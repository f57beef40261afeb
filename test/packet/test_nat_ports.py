#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Outside ports: who has which, for how long, and when another may have it."""
from replay import FAR, ICMP, IP, LAN, PBX, PHONE, TCP, UDP, main, udp
from scene import OutgoingCall, SipTest
from sip_text import Call, sdp

OTHER, POOLED = "10.0.0.7", "203.0.113.10"
POOL = 'pools: ( { name = "few"; addresses = ["203.0.113.10-203.0.113.%d"]; ports = [%d, %d]; %s } );'
RULE = '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "few"; %s }'


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


class Hosts(SipTest):
    """One outside address for an inside host, and no more ports than it may have."""

    def pool(self, last=10, ports=(10000, 10063), pooling="", limits="", **more):
        return {"rules": RULE % limits, "nat": POOL % (last, *ports, pooling), **more}

    def send(self, config, count, src=PBX, start=20000):
        return self.replay(self.config(**config), {
            "lan0": [udp(src, FAR, start + n, 5000) for n in range(count)]})

    def test_all_ports_of_a_host_are_at_one_address(self):
        frames = [udp(f"10.0.0.{host}", FAR, 20000 + n, 5000)
                  for n in range(4) for host in range(10, 40)]
        result = self.replay(self.config(**self.pool(last=17)), {"lan0": frames})
        seen = {}
        for frame, packet in zip(frames, result.ip("wan0")):
            self.assertEqual(seen.setdefault(frame[IP].src, packet[IP].src), packet[IP].src)
        self.assertEqual(len(set(seen.values())), 8)

    def test_host_whose_address_is_full_is_refused_unless_the_pool_overflows(self):
        result = self.send(self.pool(last=11), 100)
        self.assertEqual(len(result.ip("wan0")), 64)
        self.assertEqual(len({p[IP].src for p in result.ip("wan0")}), 1)
        self.assertEqual(result.drops(), {"nat_no_port": 36})
        result = self.send(self.pool(last=11, pooling='pooling = "overflow";'), 140)
        self.assertEqual(len(result.ip("wan0")), 128)
        self.assertEqual(len({p[IP].src for p in result.ip("wan0")}), 2)
        self.assertEqual(result.drops(), {"nat_no_port": 12})

    def test_refused_host_is_told(self):
        """RFC 6888 REQ-11: host unreachable, about what it sent; and a line in the log."""
        for limits, drop, line in (("", "nat_no_port", "no free port"),
                                   ("max_ports_per_host = 64;", "nat_host_limit",
                                    "max_ports_per_host reached"),
                                   ("max_new_per_second = 64;", "nat_host_rate",
                                    "max_new_per_second reached")):
            ports = (10000, 10063) if not limits else (10000, 20000)
            result = self.send(self.pool(ports=ports, limits=limits), 65)
            error, = result.ip("lan0")
            self.assertEqual((error[IP].src, error[IP].dst, error[ICMP].type, error[ICMP].code),
                             (LAN, PBX, 3, 1))
            quoted = IP(bytes(error[ICMP].payload))
            self.assertEqual((quoted.src, quoted[UDP].sport, quoted.dst), (PBX, 20064, FAR))
            self.assertEqual(result.drops(), {drop: 1})
            self.assertIn(f"NAT pool few has nothing for {PBX}: {line}", result.log)

    def test_one_host_at_its_limit_does_not_touch_the_others(self):
        frames = [udp(src, FAR, 20000 + n, 5000) for n in range(20) for src in (PBX, PHONE)]
        result = self.replay(
            self.config(**self.pool(limits="max_ports_per_host = 12;")), {"lan0": frames})
        self.assertEqual(result.drops(), {"nat_host_limit": 16})
        self.assertEqual(len(result.ip("wan0")), 24)

    def test_rate_of_new_translations_is_of_each_second(self):
        frames = [(second + 0.001 * n, udp(PBX, FAR, 20000 + 50 * second + n, 5000))
                  for second in range(3) for n in range(20)]
        frames += [(3, udp(PBX, FAR, 20000, 6000))]     # a second flow of one translation
        result = self.replay(
            self.config(**self.pool(ports=(10000, 11000), limits="max_new_per_second = 15;")),
            {"lan0": frames})
        self.assertEqual(result.drops(), {"nat_host_rate": 15})
        self.assertEqual(len(result.ip("wan0")), 46)


class Blocks(SipTest):
    """Ports in blocks that one host has to itself."""

    BLOCKS = POOL % (10, 1024, 65535, "block_size = 64; blocks_per_host = 2;")

    def test_each_host_has_its_own_blocks(self):
        frames = [udp(f"10.0.0.{host}", FAR, 20000 + n, 5000)
                  for n in range(70) for host in range(10, 20)]
        result = self.replay(self.config(rules=RULE % "", nat=self.BLOCKS), {"lan0": frames})
        owner, blocks = {}, {}
        for frame, packet in zip(frames, result.ip("wan0")):
            host, block = frame[IP].src, packet[UDP].sport // 64
            self.assertEqual(owner.setdefault(block, host), host)
            self.assertEqual(packet[UDP].sport % 2, frame[UDP].sport % 2)
            blocks.setdefault(host, set()).add(block)
        # seventy of both parities: one block of 64 and one more
        self.assertEqual([len(b) for b in blocks.values()], 10 * [2])

    def test_host_that_has_used_up_its_blocks_is_refused(self):
        frames = [udp(src, FAR, 20000 + n, 5000) for src in (PBX, PHONE) for n in range(130)]
        result = self.replay(self.config(rules=RULE % "", nat=self.BLOCKS), {"lan0": frames})
        self.assertEqual(len(result.ip("wan0")), 256)
        self.assertEqual(result.drops(), {"nat_host_limit": 4})
        self.assertIn(f"has nothing for {PBX}: blocks_per_host reached", result.log)

    def test_calls_of_a_host_that_has_used_up_its_blocks(self):
        scene = self.scene(rules=RULE % "", nat=self.BLOCKS)
        invites = [scene.lan(Call(call_id=f"call-{n}").request(
            "INVITE", 1, sdp(PBX, 20000 + 2 * n))) for n in range(70)]
        result = scene.run()
        passed = [event for event in invites if event.sent]
        # 128 ports: one of signalling, whose neighbour is left over
        self.assertEqual(len(passed), 63)
        self.assert_sip(result, limit_host_ports=7)
        self.assertEqual(result.drops(), {"sip_limit": 7})


class UsedUp(SipTest):
    """Ports used up in mid-call: the next call fails by its own name, what stands goes on."""

    SIGNALLING, CALLS, PORTS = 1, 31, (5060, 5123)  # what begins at 5061 goes with no other

    def calls(self, **config):
        """As many calls as there are ports for, and three more."""
        scene = self.scene(**config)
        calls = []
        for n in range(self.CALLS):
            text = Call(call_id=f"call-{n}", from_tag=f"from-{n}", to_tag=f"to-{n}")
            call = OutgoingCall(scene, text, port=20000 + 2 * n, far_port=30000 + 2 * n)
            calls.append(call)
            scene.lan(call.inside.request("INVITE", 1, sdp(PBX, call.port)))
            scene.wan(self.outside(call).response(200, body=call.answer()), dst=POOLED)
            scene.lan(call.inside.request("ACK"))
        refused = [scene.lan(Call(call_id=f"more-{n}").request("INVITE", 1, sdp(PBX, 40000 + n)))
                   for n in range(3)]
        return scene, calls, refused

    @staticmethod
    def outside(call):
        return call.inside.seen({PBX: POOLED})

    def check(self, counter, drop, **config):
        scene, calls, refused = self.calls(**config)
        running = [(call, call.media_out(), call.media_out(1)) for call in calls]
        scene.lan(calls[0].inside.request("BYE", 2))
        scene.wan(self.outside(calls[0]).response(200, 2, "BYE"), dst=POOLED)
        scene.wait(5)
        again = scene.lan(Call(call_id="again").request("INVITE", 1, sdp(PBX, 50000)))
        late = [(call, call.media_out(), call.media_out(1)) for call in calls[1:]]
        result = scene.run(drain=1)
        self.assert_stopped(*refused)
        for _, rtp, rtcp in running + late:
            self.assertEqual((len(rtp.sent), len(rtcp.sent)), (1, 1))
            source = [event.ends[1] for event in (rtp, rtcp)]
            self.assertEqual(source[0] + 1, source[1])
        self.assertEqual(len(again.sent), 1)
        self.assert_sip(result, **{counter: 3})
        self.assertEqual(result.drops(), {drop: 3})
        self.assertEqual(result.count("summary ports"), self.SIGNALLING + 2 * self.CALLS)
        self.assertEqual(result.count("summary calls"), self.CALLS)

    def test_of_the_pool(self):
        self.check("no_port", "sip_no_port", rules=RULE % "",
                   nat=POOL % (10, *self.PORTS, "") + " port_hold: { percent = 0; };")

    def test_of_the_host(self):
        self.check("limit_host_ports", "sip_limit", rules=RULE % "max_ports_per_host = 63;",
                   nat=POOL % (10, 5060, 20000, ""))

    def test_rate_of_the_host(self):
        scene = self.scene(rules=RULE % "max_new_per_second = 5;",
                           nat=POOL % (10, 10000, 20000, ""))
        invites = [scene.lan(Call(call_id=f"call-{n}").request("INVITE", 1, sdp(PBX, 20000 + 2 * n)))
                   for n in range(4)]
        result = scene.run()
        self.assertEqual([len(event.sent) for event in invites], [1, 1, 0, 0])
        self.assert_sip(result, limit_host_rate=2)
        self.assertEqual(result.drops(), {"sip_limit": 2})

    def test_media_is_at_the_address_of_the_signalling(self):
        """A door on a pool address: paired with what the host has already."""
        scene = self.scene(rules=RULE % "", nat=POOL % (25, 10000, 20000, ""), zones="")
        hosts = [f"10.0.0.{n}" for n in range(10, 30)]
        invites = [scene.lan(Call(caller=host, via=f"{host}:5060", contact=f"{host}:5060",
                                  call_id=host).request("INVITE", 1, sdp(host, 20000)), src=host)
                   for host in hosts]
        scene.run()
        pairs = []
        for event in invites:
            (_, packet), = event.sent
            line, = (line for line in event.payload.split(b"\r\n") if line.startswith(b"c="))
            self.assertEqual(line.decode(), f"c=IN IP4 {packet[IP].src}")
            pairs.append(packet[IP].src)
        self.assertGreater(len(set(pairs)), 8)

    def test_door_on_a_static_mapping(self):
        """Signalling and RTCP by static rules, RTP by the pool: each as its rule says."""
        static = ('{ kind = "static"; protocol = "udp"; inside = "%s:%d"; outside = "203.0.113.2:%d"; }')
        rules = ", ".join((static % (PBX, 5060, 5070), static % (PBX, 20001, 33333), RULE % ""))
        scene = self.scene(rules=rules, nat=POOL % (10, 10000, 20000, ""))
        invite = scene.lan(Call().request("INVITE", 1, sdp(PBX, 20000)))
        said = scene.lan(Call(call_id="two").request(
            "INVITE", 1, sdp(PBX, 20000, lines=["a=rtcp:20001"])))
        result = scene.run(drain=1)
        self.assertEqual(invite.ends[:2], ("203.0.113.2", 5070))
        lines = invite.payload.split(b"\r\n")
        self.assertIn(b"c=IN IP4 203.0.113.10", lines)
        media, = (line for line in lines if line.startswith(b"m="))
        rtcp, = (line for line in lines if line.startswith(b"a=rtcp:"))
        self.assertEqual(int(media.split()[1]) % 2, 0)
        self.assertEqual(rtcp, b"a=rtcp:33333 IN IP4 203.0.113.2")
        # the same where the phone says its RTCP port itself
        self.assertEqual(said.payload.split(b"\r\n")[-2], b"a=rtcp:33333 IN IP4 203.0.113.2")
        self.assertEqual(result.count("summary media_doors"), 2)


if __name__ == "__main__":
    main()
