#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""At the limits: what is refused has a name and leaves nothing; after expiry all of it fits again."""
from replay import FAR, ICMP, IP, PBX, TRUNK, UDP, WAN, ZONES, main, udp
from scene import SipTest, without_nat
from sip_text import Call, register, sdp

FLOWS, CALLS = 1024, 64
AGAIN_S = 1000                         # after every timer of these tests
SYSTEM = f"max_flows = {FLOWS}; max_calls = {CALLS};"
FEW_PORTS = 'pools: ( { name = "few"; addresses = ["203.0.113.1%s"]; ports = [10000, 10063]; } );'
ONE_HOST = f"max_flows_per_host = {FLOWS};"   # all flows there are
POOL_RULE = '{ kind = "dynamic"; inside = ["10.0.0.0/24"]; pool = "few"; }'


class Limits(SipTest):
    def small(self, system=SYSTEM, **arguments):
        config = self.config(**arguments)
        return config.replace("max_flows = 4096; max_calls = 1024;", system)

    def rounds(self, config, packets, drain=AGAIN_S):
        """The same packets twice, the second time after everything expired."""
        timed = [(start + 0.001 * n, packet) for start in (0, AGAIN_S)
                 for n, packet in enumerate(packets)]
        result = self.replay(config, {"lan0": timed}, drain=drain)
        for name in ("flows", "translations", "doors", "media_doors", "pinholes",
                     "media_pinholes", "calls", "hosts", "ports", "mbufs"):
            self.assertEqual(result.count("summary " + name), 0, name)
        return result

    def test_flow_pool(self):
        packets = [udp(PBX, FAR, 1024 + n, 5000) for n in range(FLOWS + 100)]
        result = self.rounds(self.small(nat=ONE_HOST), packets)
        self.assertEqual(len(result.ip("wan0")), 2 * FLOWS)
        self.assertEqual(result.drops(), {"flow_pool_empty": 200})

    def test_flow_pool_full_takes_no_binding_for_what_it_refuses(self):
        packets = [udp(PBX, FAR, 1024 + n, 5000) for n in range(2 * FLOWS)]
        result = self.replay(self.small(nat=ONE_HOST), {"lan0": packets})
        self.assertEqual(result.drops(), {"flow_pool_empty": FLOWS})
        self.assertEqual(result.count("summary translations"), FLOWS)
        self.assertEqual(result.count("summary ports"), FLOWS)

    def test_host_whose_flow_finds_no_room_is_told(self):
        lan = [(0.001 * n, udp(PBX, FAR, 1024 + n, 5000)) for n in range(FLOWS + 20)]
        result = self.replay(self.small(nat=ONE_HOST), {"lan0": lan, "wan0": [(5, udp(FAR, WAN, 1, 5000))]})
        told = [p for p in result.ip("lan0") if ICMP in p]
        self.assertEqual([(p[ICMP].type, p[ICMP].code, p[IP].dst) for p in told], [(3, 1, PBX)] * 20)
        self.assertEqual([p for p in result.ip("wan0") if ICMP in p], [])
        self.assertEqual(result.drops(), {"flow_pool_empty": 20, "nat_unsolicited": 1})

    def test_icmp_errors_of_a_second_are_as_many_as_configured(self):
        packets = [(0.0001 * n, udp(PBX, FAR, 1000, 2000, ttl=1)) for n in range(100)]
        for setting, sent in (("0", 0), ("1", 1), ("20", 10)):
            config = self.small(f"icmp_errors_per_second = {setting};")
            result = self.replay(config, {"lan0": packets})
            self.assertEqual(len(result.ip("lan0")), sent)
            self.assertEqual(result.count("event icmp_error_limited"), 100 - sent)

    def test_flow_pool_of_a_router(self):
        packets = [udp(PBX, FAR, 1024 + n, 5000) for n in range(FLOWS + 100)]
        result = self.rounds(without_nat(self.small()), packets)
        self.assertEqual(len(result.ip("wan0")), 2 * FLOWS)
        self.assertEqual(result.drops(), {"flow_pool_empty": 200})

    def test_outside_ports(self):
        config = self.small(rules=POOL_RULE, nat=FEW_PORTS % "0")
        packets = [udp(PBX, FAR, 20000 + n, 5000) for n in range(100)]
        result = self.rounds(config, packets)
        ports = [p[UDP].sport for p in result.ip("wan0")]
        self.assertEqual(sorted(ports), sorted(2 * list(range(10000, 10064))))
        self.assertEqual(result.drops(), {"nat_no_port": 72})

    def test_calls(self):
        invites = [udp(PBX, TRUNK, 5060, 5060, Call(call_id=f"call-{n}@pbx").request(
            "INVITE", 1, sdp(PBX, 10000 + 2 * n))) for n in range(150)]
        for zones in (ZONES, ""):
            result = self.rounds(self.small(zones=zones), invites)
            self.assertEqual(len(result.ip("wan0")) + result.count("drop sip_no_call"), 300)
            self.assertEqual(set(result.drops()), {"sip_no_call"})
            self.assertGreaterEqual(len(result.ip("wan0")), 2 * CALLS)
            self.assertLess(len(result.ip("wan0")), 4 * CALLS)
            first = [p for p in result.ip("wan0") if float(p.time) < 1700000000 + AGAIN_S]
            self.assertEqual(2 * len(first), len(result.ip("wan0")))

    def test_doors_when_outside_ports_are_used_up(self):
        config = self.small(rules=POOL_RULE, nat=FEW_PORTS % "0")
        invites = [udp(PBX, TRUNK, 5060, 5060, Call(call_id=f"call-{n}@pbx").request(
            "INVITE", 1, sdp(PBX, 10000 + 2 * n))) for n in range(60)]
        result = self.rounds(config, invites)
        self.assertEqual(set(result.drops()), {"sip_no_port"})
        self.assertEqual(len(result.ip("wan0")) + result.count("drop sip_no_port"), 120)
        # two ports a call, one for signalling
        self.assertEqual(len(result.ip("wan0")), 2 * 31)

    def test_computed_memory_is_enough_for_large_tables_and_many_workers(self):
        packet = {"lan0": [udp(PBX, FAR, 4000, 5000)]}
        large = self.small("max_flows = 1048576; max_calls = 131072;")
        crowd = self.small().replace(f"worker_cores = {[0] * self.workers}",
                                     f"worker_cores = {[0] * 16}")
        self.assertNotEqual(crowd, self.small())
        for config in (large, crowd, crowd.replace("system: {", 'system: { hugepages = "off";')):
            self.assertEqual(len(self.replay(config, packet).ip("wan0")), 1)

    def registers(self, count):
        return [udp(PBX, TRUNK, 5060, 5060,
                    register(f"{PBX}:{20000 + n}", call_id="reg@pbx", cseq=n + 1))
                for n in range(count)]

    def test_pinholes_and_doors_of_many_contacts(self):
        """One registration with ever new Contacts: pinholes end first in a router, ports behind NAT."""
        for config in (without_nat(self.small(zones=ZONES)), self.small(zones=ZONES)):
            result = self.rounds(config, self.registers(1600), drain=2 * AGAIN_S)
            self.assertTrue(result.drops())
            self.assertLessEqual(set(result.drops()), {"sip_no_media", "sip_no_port"})
            left = len(result.ip("wan0"))
            self.assertEqual(left + sum(result.drops().values()), 3200)
            first = [p for p in result.ip("wan0") if float(p.time) < 1700000000 + AGAIN_S]
            self.assertEqual(2 * len(first), left)


if __name__ == "__main__":
    main()
