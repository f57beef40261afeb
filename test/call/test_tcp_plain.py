# SPDX-License-Identifier: BSD-3-Clause
"""What is not SIP on the port of SIP passes unharmed, byte for byte, out and in: TLS, HTTP with a long
answer and with a long body that carries SIP, a WebSocket, a server that speaks first. It is counted,
and opens nothing."""
import argparse
import hashlib
import http.server
import os
import random
import subprocess
import threading

import callnet
import calls
import real
import tcp_end
from callnet import check

PORT = 5060
SIZE = 3_000_000
BODY_SIP = (b'REGISTER sip:203.0.113.2 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.1.2:5060;branch=z9hG4bKx\r\n'
            b'From: <sip:x@203.0.113.2>;tag=1\r\nTo: <sip:x@203.0.113.2>\r\nCall-ID: 1\r\n'
            b'CSeq: 1 REGISTER\r\nContact: <sip:x@10.0.1.2:22;transport=tcp>\r\nExpires: 3600\r\n'
            b'Content-Length: 0\r\n\r\n')
UPGRADE = (b'GET /chat HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\n'
           b'Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n')
SWITCHED = (b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
            b'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
parser = argparse.ArgumentParser()
parser.add_argument('--workers', type=int, default=1)
parser.add_argument('--driver', default='af_packet')
options = parser.parse_args()


class Way:
    """A client in one host, a server in the other, and the address that the client knows it by."""

    def __init__(self, network, client, server, address):
        self.network, self.client, self.server, self.address = network, client, server, address
        self.connections = 0

    def said(self, *command):
        """What a program at the client prints."""
        done = subprocess.run(['ip', 'netns', 'exec', self.client.namespace, *command],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        check(done.returncode == 0, f'{command} at {self.client.name}: {done.stderr[-500:]}')
        return done.stdout

    def ends(self):
        self.connections += 1
        with tcp_end.listen(self.server, PORT) as server:
            return tcp_end.connect(self.client, 0, (self.address, PORT), server)


def tls(way):
    """openssl's own client and server."""
    folder = way.network.path(f'tls-{way.server.name}')
    os.mkdir(folder)
    data = os.urandom(SIZE)
    with open(f'{folder}/data', 'wb') as file:
        file.write(data)
    callnet.run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
                '-nodes', '-subj', '/CN=server.example', '-keyout', f'{folder}/key', '-out',
                f'{folder}/certificate')
    server = way.server.start('sh', '-c', f'cd {folder} && exec openssl s_server -HTTP -quiet -accept '
                              f'{way.server.address}:{PORT} -key key -cert certificate',
                              error=f'{folder}/server.error')
    callnet.wait_until(lambda: f':{PORT} ' in subprocess.run(
        ['ip', 'netns', 'exec', way.server.namespace, 'ss', '-Hltn'], capture_output=True, text=True,
        check=False).stdout, 10, 's_server listens')
    way.connections += 1
    text = way.said('sh', '-c', "printf 'GET /data HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet "
                    f'-ign_eof -verify_quiet -connect {way.address}:{PORT}')
    way.network.end(server)
    check(text.endswith(data), f'TLS: {len(text)} bytes of {len(data)}: {text[:300]}')


def http_curl(way):
    """A long answer; and a long body in which REGISTER begins at every segment's boundary, or near."""
    answer, body = os.urandom(SIZE), BODY_SIP * (SIZE // len(BODY_SIP))
    taken = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header('Content-Length', str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self):
            taken.append(self.rfile.read(int(self.headers['Content-Length'])))
            self.send_response(200)
            self.send_header('Content-Length', '0')
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer((way.server.address, PORT), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = tcp_end.listen(way.server, PORT)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    url = f'http://{way.address}:{PORT}/'
    text = way.said('curl', '-sS', url)
    check(hashlib.sha256(text).digest() == hashlib.sha256(answer).digest(),
          f'HTTP: {len(text)} bytes of {len(answer)}, or others')
    name = way.network.path('body')
    with open(name, 'wb') as file:
        file.write(body)
    way.said('curl', '-sS', '-H', 'Expect:', '--data-binary', f'@{name}', url)
    check(taken == [body], f'HTTP: the body is {len(taken[0])} bytes of {len(body)}, or others')
    way.connections += 2
    server.shutdown()
    server.server_close()


def exchange(one, other, what):
    """Both send at once, in pieces of any length; each must receive what the other sent."""
    chance = random.Random(1)
    sent = {end: os.urandom(SIZE // 4) for end in (one, other)}

    def speak(end):
        text = sent[end]
        while text:
            length = chance.choice((1, 7, 100, 1448, 4000, 40000))
            end.socket.sendall(text[:length])
            text = text[length:]
    speakers = [threading.Thread(target=speak, args=(end,), daemon=True) for end in (one, other)]
    for speaker in speakers:
        speaker.start()
    for end, peer in ((one, other), (other, one)):
        while len(end.unread) < len(sent[peer]):
            check(end.take(), f'{what}: the connection ended')
    for speaker in speakers:
        speaker.join()
    for end, peer in ((one, other), (other, one)):
        check(end.unread == sent[peer], f'{what}: other bytes came than were sent')
        end.close()


def websocket(way):
    near, far = way.ends()
    near.send(UPGRADE)
    while far.unread != UPGRADE:
        check(UPGRADE.startswith(far.unread) and far.take(), f'WebSocket: {far.unread}')
    far.unread = b''
    far.send(SWITCHED)
    while near.unread != SWITCHED:
        check(SWITCHED.startswith(near.unread) and near.take(), f'WebSocket: {near.unread}')
    near.unread = b''
    exchange(near, far, 'WebSocket')


def server_first(way):
    near, far = way.ends()
    far.send(b'220 server.example ESMTP\r\n')
    while near.unread != b'220 server.example ESMTP\r\n':
        check(near.take(), 'the connection ended')
    near.unread = b''
    exchange(near, far, 'a server that speaks first')


def test(network):
    real.needed('openssl', 'curl')
    hosts = calls.hosts_add(network, options.workers)
    inside, outside = hosts['inside'], hosts['outside']
    appliance = callnet.Appliance(network, options.workers, options.driver, tcp_transitory=2, static=[
        (f'{calls.INSIDE}:{PORT}', f'{calls.WAN}:{PORT}', 'tcp')]).start()
    ways = [Way(network, inside, outside, calls.OUTSIDE), Way(network, outside, inside, calls.WAN)]
    for way in ways:
        for use in (tls, http_curl, websocket, server_first):
            use(way)
            summary = appliance.show('summary')
            for what in ('calls', 'registrations', 'doors', 'pinholes'):
                check(summary[what] == 0, f'{use.__name__} opens something: {summary}')
    plain = appliance.show('events')['stream_plain']
    connections = sum(way.connections for way in ways)
    check(plain == 2 * connections, f'{plain} directions counted of {connections} connections')
    appliance.stop()


callnet.main(test)
