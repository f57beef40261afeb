# SPDX-License-Identifier: BSD-3-Clause
"""SIP connections that callgate has not seen from their beginning, or not to their end: callgate
stops (or is killed) and starts in mid-connection; a phone reboots and takes its old port again."""
import argparse

import callnet
import calls
import tcp_end
from callnet import check

FAR = '203.0.113.3'     # has the connections; the other address is SIPp's
PHONE_PORT = 40000
parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
options = parser.parse_args()


class Scene:
    def __init__(self, network):
        self.network = network
        self.hosts = calls.hosts_add(network, options.workers)
        self.inside, self.outside = self.hosts['inside'], self.hosts['outside']
        callnet.run('ip', '-n', self.outside.namespace, 'address', 'add', f'{FAR}/24', 'dev', 'eth0')
        self.server = tcp_end.listen(self.outside, 5060, FAR)
        self.number = 0
        self.appliance = None
        self.callgate()

    def callgate(self):
        static = [(f'{calls.INSIDE}:5060', f'{calls.WAN}:5060', 'tcp')]
        self.appliance = callnet.Appliance(self.network, options.workers, static=static).start()

    def connect(self, port):
        """Opened from inside. The ends inside and outside."""
        return tcp_end.connect(self.inside, port, (FAR, 5060), self.server)

    def connect_inward(self):
        with tcp_end.listen(self.inside, 5060) as server:
            far, near = tcp_end.connect(self.outside, 0, (calls.WAN, 5060), server)
        return near, far

    def call(self, near, far):
        """One call, whole."""
        self.number += 1
        tcp_end.call_begin(near, far, self.number)
        tcp_end.call_end(near, far, self.number)


def new_calls(scene, what):
    """SIPp's calls with media, on a connection of their own."""
    caller = calls.Party(scene.inside, 'caller', 10, calls.INSIDE_BASE, f'{calls.OUTSIDE}:5060',
                         hold_ms=500, transport='t1', port=5070, name=f'-{what}')
    callee = calls.Party(scene.outside, 'callee', 10, calls.OUTSIDE_BASE, transport='t1',
                         name=f'-{what}')
    calls.parties_start([caller], [callee])
    calls.parties_check([caller], [callee])


def restart(scene, kill, inward):
    """A call is up on the connection. Who opened it learns at once that it is over, and opens another
    one; new calls are as ever."""
    port = PHONE_PORT + 2 * kill
    near, far = scene.connect_inward() if inward else scene.connect(port)
    scene.call(near, far)
    scene.number += 1
    tcp_end.call_begin(near, far, scene.number)
    if kill:
        scene.appliance.process.kill()
        scene.appliance.process.wait()
    else:
        scene.appliance.stop()
    scene.callgate()
    sender, receiver = (far, near) if inward else (near, far)
    text = tcp_end.request('OPTIONS', sender, 'example.com', scene.number)
    said = tcp_end.outcome(sender, receiver, text)
    resets = scene.appliance.show('events')['tcp_sip_reset']
    check(said == 'reset' and resets > 0, f'it was {said}, with {resets} resets')
    for end in (near, far):
        end.close()
    near, far = scene.connect_inward() if inward else scene.connect(port + 1)
    scene.call(near, far)
    for end in (near, far):
        end.close()
    new_calls(scene, f'{"kill" if kill else "stop"}-{inward}')


def reboot(scene):
    """The server has the old connection yet, and answers the new SYN as RFC 5961 says; the phone's
    RST ends the old one, and the SYN that comes again begins the new."""
    near, far = scene.connect(PHONE_PORT + 20)
    scene.number += 1
    tcp_end.call_begin(near, far, scene.number)
    near.vanish()
    near, far_again = scene.connect(PHONE_PORT + 20)
    scene.call(near, far_again)
    try:
        old = far.take() or far.unread
    except ConnectionResetError:
        old = 'reset'
    check(old == 'reset', f'the old connection of the server: {old!r}')
    for end in (near, far_again, far):
        end.close()


def test(network):
    scene = Scene(network)
    reboot(scene)
    for kill in (False, True):
        for inward in (False, True):
            restart(scene, kill, inward)
    scene.appliance.stop()


callnet.main(test)
