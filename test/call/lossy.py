# SPDX-License-Identifier: BSD-3-Clause
"""A host whose wire to the router loses frames and reorders them, both ways: see lossy_relay.c."""
import json
import os

import callnet

LOSSY_RELAY = os.environ.get('LOSSY_RELAY', os.path.join(callnet.BUILD, 'test/call/lossy_relay'))


class LossyHost(callnet.Host):
    """The wire goes through a namespace of its own. `lost`, `reordered`: of a thousand frames."""

    lost, reordered, seed = 50, 100, 1

    def wire(self, queues):
        self.relay = self.network.namespace_add(f'{self.name}-relay')
        callnet.veth_add((self.network.router, self.port), (self.relay, 'router'), queues)
        callnet.veth_add((self.relay, 'host'), (self.namespace, 'eth0'), queues)
        self.process = self.network.start(
            self.relay, os.path.abspath(LOSSY_RELAY), 'host', 'router', str(self.lost),
            str(self.reordered), str(LossyHost.seed), output=f'{self.name}.relay.json',
            error=f'{self.name}.relay.error')
        LossyHost.seed += 1
        callnet.wait_until(lambda: 'ready' in self.network.text(f'{self.name}.relay.error'), 10,
                           'lossy_relay has its interfaces')

    def wire_check(self):
        """What it lost and reordered: about as much as it was told. Ends it."""
        status = self.network.end(self.process)
        callnet.check(status == 0, f'lossy_relay ended with {status}')
        said = json.loads(self.network.text(f'{self.name}.relay.json'))
        for way in said.values():
            for what, wanted in (('lost', self.lost), ('reordered', self.reordered)):
                share = 1000 * way[what] / way['frames']
                callnet.check(wanted / 3 < share < wanted * 3, f'{what} {share} of 1000: {said}')
        return said
