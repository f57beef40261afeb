# SPDX-License-Identifier: BSD-3-Clause
"""SIPp's scenario of one party of a flow (flow.py), and where parties are.

Parties outside can have proxies before them: they then write the Via and Record-Route lines that
these would have added. A party inside sends what a phone does: Contact and Via with its address.
"""
import re

PROXIES = ('198.51.100.1', '198.51.100.2')      # further ones of the outside; no host has these
UA_BEHIND = '198.51.100.9'                      # the outside user agent behind such proxies
OUTSIDE_MEDIA, INSIDE_MEDIA = 30000, 20000      # first media port
CONTACT = ('INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER', 'NOTIFY', 'REGISTER')
REASON = {100: 'Trying', 180: 'Ringing', 183: 'Session Progress', 199: 'Early Dialog Terminated',
          200: 'OK', 202: 'Accepted', 302: 'Moved Temporarily', 401: 'Unauthorized',
          407: 'Proxy Authentication Required', 408: 'Request Timeout',
          423: 'Interval Too Brief', 480: 'Temporarily Unavailable', 486: 'Busy Here',
          487: 'Request Terminated', 488: 'Not Acceptable Here', 489: 'Bad Event',
          491: 'Request Pending'}
# SIPp knows a repetition only of what it received last: it repeats what is lost, nothing else.
RETRANS = ' retrans="4000"'
TOKEN = '[-A-Za-z0-9 ./:;=@]*'                  # what the Via lines here consist of
STREAM = re.compile(r'(audio|video|image|message)(\d?)(-?)((?:/[\w-]+)*)$')


class Seat:
    """Where a party is: its address, inside or not, and the proxies before it."""

    def __init__(self, party, address, inside, proxies=0, port=':5060'):
        self.party, self.address, self.inside = party, address, inside
        self.proxies = 0 if inside else proxies
        self.port = port        # as written in Via and Contact; '' leaves it out
        self.user = 'alice' if party == 'A' else 'bob'
        self.place = f'{address}{port}'
        self.contact = f'sip:{self.user}@{UA_BEHIND if self.proxies else self.place}'
        self.uri = None         # where others reach it outside a dialog

    def vias(self, hops, branch):
        """Via lines, the last proxy's first."""
        if not hops:
            return [f'SIP/2.0/UDP {self.place};branch=z9hG4bK-{branch}']
        places = [self.place, *PROXIES[:self.proxies - 1], UA_BEHIND]
        return [f'SIP/2.0/UDP {place};branch=z9hG4bK-{branch}.{i}'
                for i, place in enumerate(places)]

    def record_routes(self, response):
        routes = [f'<sip:{place};lr>' for place in (self.place, *PROXIES[:self.proxies - 1])]
        return routes[::-1] if response else routes


def sdp_text(seat, spec, version, fork):
    base = (INSIDE_MEDIA if seat.inside else OUTSIDE_MEDIA) + 100 * (int(fork) - 1)
    user, lines = seat.user, []
    address = '192.0.2.77' if 'foreign' in spec else seat.address
    for i, stream in enumerate(spec.split(',')):
        kind, digit, refused, words = STREAM.match(stream).groups()
        words = words.split('/')[1:]
        port = 0 if refused else 9 if 'active' in words else base + 4 * i + 20 * int(digit or 0)
        if 'first' in words:        # bundled with the first stream
            port = base
        if kind == 'image':
            lines += [f'm=image {port} udptl t38', 'a=T38FaxVersion:0']
        elif kind == 'message':
            lines += [f'm=message {port} TCP/MSRP *',
                      f'a=path:msrp://{seat.address}:{port}/{version};tcp']
        else:
            profile, name = ('8', 'PCMA/8000') if kind == 'audio' else ('31', 'H261/90000')
            lines += [f'm={kind} {port} RTP/AVP {profile}']
            lines += ['c=IN IP4 0.0.0.0'] if 'zero' in words else []
            lines += [f'a=rtpmap:{profile} {name}']
        lines += ['a=rtcp-mux'] if 'mux' in words else []
        lines += [f'a=mid:{i}'] if 'bundle' in words else []
        if 'ice' in words:
            lines += [f'a=candidate:1 {part} UDP 2130706431 {address} {port + part - 1} typ host'
                      for part in (1, 2)]
        lines += [f'a=setup:{word}' for word in words if word in ('active', 'passive')]
        lines += [f'a={word}' for word in words if word in ('sendonly', 'recvonly', 'inactive')]
    group = ['a=group:BUNDLE ' + ' '.join(map(str, range(spec.count(',') + 1)))]
    return ['v=0', f'o={user} 2890844526 {version} IN IP4 {seat.address}', 's=-',
            f'c=IN IP4 {address}', 't=0 0', *(group if 'bundle' in spec else []), *lines]


class Scenario:
    """One party's SIPp scenario of a flow. `relays`: record-routing proxies on the way."""

    def __init__(self, flow, party, seats, relays=0):
        self.relays = relays
        self.flow, self.party, self.seats, self.seat = flow, party, seats, seats[party]
        self.out, self.variables, self.routes = [], [], {}
        self.contacts = []          # variables with those of the last REGISTER
        self.targets = {}           # transaction number: its Request-URI and Route lines
        self.begun = False
        self.destination = 'B' if party == 'A' else 'A'
        for step in flow.steps:
            if step.check:
                if self.begun:
                    self.check(step)
            elif step.sender == party:
                self.begun = True
                self.send(step)
            elif step.receiver == party and 'lost' not in step.options:
                self.begun = True
                self.receive(step)

    def text(self):
        reference = ','.join(dict.fromkeys(self.variables))
        return '\n'.join([
            '<?xml version="1.0" encoding="ISO-8859-1" ?>', '<!DOCTYPE scenario SYSTEM "sipp.dtd">',
            f'<scenario name="{self.flow.name} {self.party}">', *self.out,
            f'<Reference variables="{reference}"/>' if reference else '', '</scenario>', ''])

    def check(self, step):
        self.out += [f'<nop><action><log message="check {step.number}"/></action></nop>',
                     '<recv request="SYNC"/>']

    def variable(self, name):
        self.variables.append(name)
        return name

    def hops(self, step):
        """Do the proxies of the sender add themselves? Not where it is they who send."""
        made = step.transaction
        return self.seats[step.sender].proxies and made.branch == made.number

    @staticmethod
    def has_contact(step):
        named = any(line.lower().startswith('contact:') for line in step.headers)
        if step.code:
            method = step.transaction.method
            return not named and method in CONTACT and method != 'REGISTER' \
                and 100 < step.code < 300
        return not named and step.what in CONTACT

    def route_count(self, step):
        """Record-Route lines of a message."""
        if step.transaction.method != 'INVITE' or not (
                100 < step.code < 300 or step.what == 'INVITE'):
            return 0
        return self.seats[step.sender].proxies + self.relays

    def peer(self, step, party):
        return f'{party}{step.options["fork"]}'

    def receive(self, step):
        made, actions = step.transaction, []

        def ereg(pattern, where, *names):
            assign = ','.join([self.variable('whole'), *map(self.variable, names)])
            actions.append(f'<ereg regexp="{pattern}" {where} check_it="true" '
                           f'assign_to="{assign}"/>')

        if not step.code and step.what != 'ACK':
            count = self.relays + 1 + (self.seats[step.sender].proxies if self.hops(step) else 0)
            ereg('[^A-Za-z]+'.join([f'Via: ({TOKEN})'] * count), 'search_in="msg"',
                 *[f'v{made.number}x{i}' for i in range(count)])
        if self.route_count(step):
            names = [f'r{step.number}x{i}' for i in range(self.route_count(step))]
            ereg('[^A-Za-z]+'.join(['Record-Route: (&lt;[^&gt;]*&gt;)'] * len(names)),
                 'search_in="msg"', *names)
            self.routes[self.peer(step, step.sender)] = names[::-1] if step.code else names
            self.routes[made] = names
        if self.has_contact(step):
            name = f't{self.peer(step, step.sender)}'
            ereg('&lt;([^&gt;]*)&gt;', 'search_in="hdr" header="Contact:"', name)
            if step.sender != self.destination and self.seats[step.sender].inside:
                ereg('@([0-9.]+):([0-9]+)', 'search_in="hdr" header="Contact:"',
                     f'h{step.sender}', f'p{step.sender}')
        named = [line for line in step.headers if line.startswith('Contact: <')]
        if step.what == 'REGISTER' and named:
            self.contacts = [f'c{step.number}x{i}' for i in range(len(named))]
            ereg('[^C]+'.join(['Contact: &lt;([^&gt;]*)&gt;'] * len(named)), 'search_in="msg"',
                 *self.contacts)
        kind = f'response="{step.code}"' if step.code else f'request="{step.what}"'
        self.out.append(f'<recv {kind}><action>{"".join(actions)}</action></recv>' if actions
                        else f'<recv {kind}/>')

    def send(self, step):
        other = self.seats[step.receiver]
        if self.destination != step.receiver:
            self.destination = step.receiver
            host, port = (f'[$h{step.receiver}]', f'[$p{step.receiver}]') if other.inside \
                else (other.address, 5060)
            self.out.append(f'<nop><action><setdest host="{host}" port="{port}" protocol="UDP"/>'
                            '</action></nop>')
        lines = self.response(step) if step.code else self.request(step)
        if self.has_contact(step):
            lines.append(f'Contact: <{self.seat.contact}>')
        lines += [self.header(line, step) for line in step.headers]
        body = []
        if step.sdp:
            body = sdp_text(self.seat, step.sdp, 100 + step.number, step.options['fork'])
            lines.append('Content-Type: application/sdp')
        elif 'body' in step.options:
            lines.append('Content-Type: ' + step.options['body'])
            body = ['message/sipfrag' == step.options['body'] and 'SIP/2.0 200 OK' or 'hello']
        lines += ['Content-Length: [len]', '', *body]
        again = step.what != 'ACK' if not step.code else (
            step.code >= 200 and step.transaction.method == 'INVITE') or 'rel' in step.options
        again = again and 'lost' not in step.options and 'once' not in step.options
        if self.out and self.out[-1] == ']]></send>':
            # Two at once can change places on a veth when the sender moves to another core.
            self.out.append('<pause milliseconds="50"/>')
        self.out += [f'<send{RETRANS if again else ""}><![CDATA[',
                     '', *lines, '', ']]></send>']

    def header(self, line, step):
        """A header line of the flow's text: {here}, {there} and {contact0} filled in."""
        contacts = [f'[${name}]' for name in self.contacts]
        return line.format(*contacts, here=self.seat.place, there=self.seats[step.receiver].place,
                           user=self.seat.user)

    def identities(self, step, sender, receiver, tagged):
        fork = step.options['fork']
        names = {'A': 'Alice <sip:alice@atlanta.example.com>'}
        sent, received = (names.get(party, 'Bob <sip:bob@biloxi.example.com>')
                          for party in (sender, receiver))
        if step.transaction.method == 'REGISTER':
            received = sent
        return [f'From: {sent};tag={self.flow.tag(sender, fork)}',
                f'To: {received}' + (f';tag={self.flow.tag(receiver, fork)}' if tagged else '')]

    def target(self, step):
        """Request-URI and Route lines."""
        other, name = self.seats[step.receiver], self.peer(step, step.receiver)
        if 'uri' in step.options:
            return f'[${self.contacts[int(step.options["uri"])]}]', []
        if step.what == 'REGISTER':
            return 'sip:biloxi.example.com', []
        if step.in_dialog:
            if f't{name}' not in self.variables:
                name = f'{step.receiver}1'      # the caller, whose Contact came before the forks
            known = f't{name}' in self.variables
            return (f'[$t{name}]' if known else other.uri,
                    [f'Route: [${route}]' for route in self.routes.get(name, ())])
        return other.uri, [f'Route: <sip:{other.place};lr>'] if other.proxies else []

    def request(self, step):
        made, seat = step.transaction, self.seat
        if made.branch != made.number:      # ACK of a refusal, CANCEL: as the INVITE
            target, routes = self.targets[made.branch]
        else:
            target, routes = self.targets[made.number] = self.target(step)
        lines = [f'{step.what} {target} SIP/2.0']
        lines += ['Via: ' + via for via in seat.vias(
            self.hops(step), f'{self.flow.name}-{self.party}{made.branch}')]
        lines += ['Max-Forwards: 70', *routes]
        if seat.proxies and self.route_count(step):
            lines += [f'Record-Route: {route}' for route in seat.record_routes(False)]
        return lines + self.identities(step, *step.parties, step.in_dialog) + [
            'Call-ID: [call_id]', f'CSeq: {made.cseq} {made.method}']

    def response(self, step):
        made, seat = step.transaction, self.seat
        count = len([name for name in dict.fromkeys(self.variables)
                     if re.fullmatch(f'v{made.number}x[0-9]', name)])
        lines = [f'SIP/2.0 {step.code} {REASON.get(step.code, "Something")}']
        lines += [f'Via: [$v{made.number}x{i}]' for i in range(count)]
        if seat.proxies and self.route_count(step):
            lines += [f'Record-Route: {route}' for route in seat.record_routes(True)]
        elif made in self.routes and 100 < step.code < 300:
            lines += [f'Record-Route: [${route}]' for route in self.routes[made]]
        return lines + self.identities(step, made.sender, made.receiver, step.code > 100) + [
            'Call-ID: [call_id]', f'CSeq: {made.cseq} {made.method}']
