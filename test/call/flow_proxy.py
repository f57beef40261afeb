# SPDX-License-Identifier: BSD-3-Clause
"""A registrar and stateless, record-routing proxy (RFC 3261 16.11): with it a call can cross
callgate twice."""
import re
import select
import threading

URI = re.compile(rb'sip:(?:[^@>;]*@)?([0-9.]+)(?::([0-9]+))?')


class Proxy:
    """Serves one address. Requests for a user of this address go where the user has registered, all
    others where their Route or Request-URI says."""

    def __init__(self, sock, address):
        self.sock, self.address = sock, address
        self.users = {}         # name: registered URI
        self.own = f'sip:{address}:5060;lr'.encode()
        self.sent = []          # first lines of what it forwarded
        self.stopped = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.sock.close()

    def serve(self):
        while not self.stopped:
            if select.select([self.sock], [], [], 0.05)[0]:
                text, source = self.sock.recvfrom(65535)
                head, _, body = text.partition(b'\r\n\r\n')
                lines = head.split(b'\r\n')
                target, lines = (self.response if lines[0].startswith(b'SIP/2.0')
                                 else self.request)(lines, source)
                self.sent.append(lines[0])
                self.sock.sendto(b'\r\n'.join(lines) + b'\r\n\r\n' + body, target)

    @staticmethod
    def place(text):
        address, port = URI.search(text).groups()
        return address.decode(), int(port or 5060)

    def response(self, lines, _):
        """Without the proxy's own Via; to the next one's address."""
        at = next(i for i, line in enumerate(lines) if line.startswith(b'Via:'))
        lines = lines[:at] + lines[at + 1:]
        via = next(line for line in lines if line.startswith(b'Via:'))
        sent_by = re.search(rb'SIP/2\.0/UDP ([0-9.]+)(?::([0-9]+))?', via).groups()
        return (sent_by[0].decode(), int(sent_by[1] or 5060)), lines

    def register(self, lines, source):
        contact = next(line for line in lines if line.startswith(b'Contact:'))
        uri = re.search(rb'<([^>]*)>', contact)[1].decode()
        self.users[uri[4:].partition('@')[0]] = uri
        kept = (b'Via', b'From', b'To', b'Call-ID', b'CSeq', b'Contact', b'Expires')
        return source, [b'SIP/2.0 200 OK'] + [
            line for line in lines if line.partition(b':')[0] in kept] + [b'Content-Length: 0']

    def request(self, lines, source):
        method, uri, version = lines[0].split(b' ')
        if method == b'REGISTER':
            return self.register(lines, source)
        routes = [line for line in lines if line.startswith(b'Route:')]
        if routes and f'sip:{self.address}'.encode() in routes[0]:
            lines.remove(routes.pop(0))
        user = re.match(rb'sip:([^@]*)@', uri)
        if f'@{self.address}'.encode() in uri and user and user[1].decode() in self.users:
            uri = self.users[user[1].decode()].encode()
        target = self.place(routes[0] if routes else uri)
        branch = re.search(rb'branch=([^;\r]*)', next(
            line for line in lines if line.startswith(b'Via:')))[1]
        vias = [line for line in lines if line.startswith(b'Via:')]
        others = [line for line in lines[1:] if not line.startswith(b'Via:')]
        vias.insert(0, f'Via: SIP/2.0/UDP {self.address}:5060;branch='.encode() + branch + b'.p')
        if method == b'INVITE':
            vias.append(b'Record-Route: <' + self.own + b'>')
        return target, [b' '.join((method, uri, version))] + vias + others
