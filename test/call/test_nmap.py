# SPDX-License-Identifier: BSD-3-Clause
"""nmap from outside sees only what policy allows. Inside, one host serves more than the policy
names; callgate's configuration is imported from IOS lines. Asserted for every scan: which ports
are open, closed (allowed, nobody there) and filtered, at the inside host's outside address and at
callgate's own."""
import os
import socket
import threading
import xml.etree.ElementTree

import callnet
import calls

SERVER = '203.0.113.10'     # outside face of the inside host
TCP_SERVED = (22, 80, 443, 5060, 8080)
UDP_SERVED = (53, 123, 161)
IOS = f'''
class-map type inspect match-any PUBLIC
 match protocol http
 match access-group 120
class-map type inspect match-any PING
 match protocol icmp
policy-map type inspect IN
 class type inspect PUBLIC
  inspect
 class class-default
  drop
policy-map type inspect TO-SELF
 class type inspect PING
  inspect
zone security inside
zone security outside
zone-pair security out-in source outside destination inside
 service-policy type inspect IN
zone-pair security out-self source outside destination self
 service-policy type inspect TO-SELF
interface GigabitEthernet0/0
 ip address 10.0.1.1 255.255.255.0
 ip nat inside
 zone-member security inside
interface GigabitEthernet0/1
 ip address {calls.WAN} 255.255.255.0
 ip nat outside
 zone-member security outside
ip nat inside source static {calls.INSIDE} {SERVER}
access-list 120 permit udp any host {calls.INSIDE} eq domain
access-list 120 permit tcp any host {calls.INSIDE} range 8080 8081
access-list 120 deny ip any any
'''
TCP = '22,80,443,5060,8080,8081,9000'
HIDDEN = {port: 'filtered' for port in map(int, TCP.split(','))}
SEEN = {**HIDDEN, 80: 'open', 8080: 'open', 8081: 'closed'}
UNHEARD = {port: 'open|filtered' for port in HIDDEN}
# nmap's name of the scan, options, target, what it must find
SCANS = [
    ('SYN', ['-sS', '-p', TCP], SERVER, SEEN),
    ('connect', ['-sT', '-p', TCP], SERVER, SEEN),
    ('SYN from port 53', ['-sS', '-g', '53', '-p', TCP], SERVER, SEEN),
    ('SYN in fragments', ['-sS', '-f', '-p', TCP], SERVER, SEEN),
    ('ACK', ['-sA', '-p', TCP], SERVER, HIDDEN),
    ('window', ['-sW', '-p', TCP], SERVER, HIDDEN),
    ('FIN', ['-sF', '-p', TCP], SERVER, UNHEARD),
    ('NULL', ['-sN', '-p', TCP], SERVER, UNHEARD),
    ('Xmas', ['-sX', '-p', TCP], SERVER, UNHEARD),
    ('UDP', ['-sU', '-p', '53,123,161'], SERVER,
     {53: 'open', 123: 'open|filtered', 161: 'open|filtered'}),
    ('SYN to callgate', ['-sS', '-p', TCP], calls.WAN, HIDDEN),
    ('UDP to callgate', ['-sU', '-p', '53,123,5060'], calls.WAN,
     {port: 'open|filtered' for port in (53, 123, 5060)}),
    ('protocols', ['-sO', '-p', '2,4,47,50,132'], SERVER,
     {protocol: 'open|filtered' for protocol in (2, 4, 47, 50, 132)}),
]
LIMITS = ['-Pn', '-n', '-T4', '--max-retries', '1', '--max-rtt-timeout', '150ms',
          '--initial-rtt-timeout', '150ms', '--host-timeout', '20s', '--min-rate', '50']


def answer(server):
    """Say something to whoever asks, until the socket is closed."""
    while True:
        try:
            text, source = server.recvfrom(2048)
            server.sendto(text[:2] + b'\x80\x00' + text[4:], source)
        except socket.timeout:
            continue
        except OSError:
            return


def scan(host, options, target):
    """What nmap says of each port, and of the host."""
    path = host.network.path('nmap.xml')
    process = host.start('nmap', *LIMITS, *options, '-oX', path, target, error='nmap.error')
    callnet.check(process.wait(40) == 0, host.network.text('nmap.error'))
    found = xml.etree.ElementTree.parse(path).getroot().find('host')
    callnet.check(found is not None, f'nmap says nothing of {target}')
    callnet.check(found.get('timedout') != 'true', 'nmap gave up')
    ports = {int(port.get('portid')): port.find('state').get('state')
             for port in found.iter('port')}
    # What nmap does not list one by one it sums up.
    for rest in found.iter('extraports'):
        wanted = [word for word in options if word[0].isdigit()][-1].split(',')
        ports.update({int(port): rest.get('state') for port in wanted if int(port) not in ports})
    return ports


def test(network):
    hosts = calls.hosts_add(network)
    inside, outside = hosts['inside'], hosts['outside']
    appliance = callnet.Imported(network, IOS, {'gi0/0': 'lan0', 'gi0/1': 'wan0'}).start()
    servers = inside.sockets(TCP_SERVED, socket.SOCK_STREAM)
    for server in servers:
        server.listen()
    talkers = inside.sockets(UDP_SERVED)
    for server in talkers:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
    # The servers are there: from inside all is open.
    for port in TCP_SERVED:
        inside.connection(inside.address, port).close()
    callnet.run('ip', 'netns', 'exec', outside.namespace, 'ping', '-c', '1', '-W', '2', calls.WAN)
    for name, options, target, wanted in SCANS:
        found = scan(outside, options, target)
        callnet.check(found == wanted, f'{name} of {target}: nmap sees {found}, not {wanted}')
    ping = outside.start('ping', '-c', '1', '-W', '1', SERVER)
    callnet.check(ping.wait(5) != 0, 'the inside host answers a ping that no policy allows')
    drops = appliance.show('drops')
    callnet.check(drops['policy_drop'] > 0 and drops['self_policy'] > 0, f'{drops}')
    for server in servers + talkers:
        server.close()
    appliance.stop()


callnet.main(test)
