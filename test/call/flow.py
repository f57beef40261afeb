# SPDX-License-Identifier: BSD-3-Clause
"""Call flows, written down once, from which each party's SIPp scenario is made.

A flow is text, one message a line, in the order of the RFCs' diagrams:

    A INVITE sdp                party A sends; the others' scenarios wait for it
      Subject: lunch            indented: further header lines of the message above
    B 183 fork=2 sdp=audio      a response to the last open request to B (200/INVITE: to that one)
    A>C INVITE                  to another party than usual (A: B; the rest: A)
    A INVITE again              the same once more, as a retransmission (with a check between)
    B MESSAGE lost              sent, and must not arrive
    check media                 every party stops, flow_run.py does what the word says

`sdp=audio,video2-/inactive` lists the streams: kind, a digit that moves its port, `-` for port 0,
then attributes; `zero` is the hold with c=0.0.0.0, `mux` is a=rtcp-mux.
Parties outside can have proxies before them: they then write the Via and Record-Route lines that
these would have added. A party inside sends what a phone does: Contact and Via with its address.
"""
import re

PROXIES = ('198.51.100.1', '198.51.100.2')      # further ones of the outside; no host has these
UA_BEHIND = '198.51.100.9'                      # the outside user agent behind such proxies
OUTSIDE_MEDIA, INSIDE_MEDIA = 30000, 20000      # first media port
DIALOG = ('INVITE', 'SUBSCRIBE', 'REFER')       # methods whose 2xx makes a dialog
CONTACT = ('INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER', 'NOTIFY', 'REGISTER')
REASON = {100: 'Trying', 180: 'Ringing', 183: 'Session Progress', 199: 'Early Dialog Terminated',
          200: 'OK', 202: 'Accepted', 302: 'Moved Temporarily', 401: 'Unauthorized',
          407: 'Proxy Authentication Required', 408: 'Request Timeout',
          423: 'Interval Too Brief', 480: 'Temporarily Unavailable', 486: 'Busy Here',
          487: 'Request Terminated', 488: 'Not Acceptable Here', 489: 'Bad Event',
          491: 'Request Pending'}
TOKEN = '[-A-Za-z0-9 ./:;=@]*'                  # what the Via lines here consist of
STREAM = re.compile(r'(audio|video|image|message)(\d?)(-?)((?:/[\w-]+)*)$')


class Transaction:
    def __init__(self, number, sender, receiver, method, cseq, fork):
        self.number, self.sender, self.receiver = number, sender, receiver
        self.method, self.cseq, self.fork = method, cseq, fork
        self.in_dialog = False
        self.code = 0           # of the last response


class Step:
    """One line. `transaction` is the one it belongs to; None for a check."""

    def __init__(self, number, words):
        self.number = number
        self.sender, _, self.receiver = words[0].partition('>')
        self.what = words[1]
        self.words = words[2:]
        self.options = dict((word.split('=', 1) + [''])[:2] for word in self.words)
        self.headers = []
        self.transaction = None
        self.in_dialog = False
        self.code = int(self.what.split('/')[0]) if self.what[0].isdigit() else 0
        self.sdp = self.options.get('sdp') or ('audio' if 'sdp' in self.options else None)
        self.pairs = {}         # check: what is agreed then, (other party, fork): answered offer

    @property
    def check(self):
        return self.sender == 'check'

    @property
    def parties(self):
        return (self.sender, self.receiver)


class Flow:
    """The steps of a text. `same`: {'C': 'B'}, C goes on with B's dialog."""

    def __init__(self, name, text, same=()):
        self.name, self.same = name, dict(same)
        self.steps, self.transactions, self.dialogs = [], [], set()
        self.cseq, self.offers, self.pairs = {}, {}, {}
        for line in text.strip('\n').splitlines() + ['check end']:
            if line.startswith(' '):
                self.steps[-1].headers.append(line.strip())
            elif line.strip():
                self.steps.append(self.step(Step(len(self.steps), line.split())))
        self.parties = sorted({party for step in self.steps if not step.check
                               for party in step.parties})

    def tag(self, party, fork):
        party = self.same.get(party, party)
        return f'{party.lower()}{fork if party != "A" and fork != "1" else ""}-{self.name}'

    def step(self, step):
        if step.check:
            step.pairs = dict(self.pairs)
            return step
        step.receiver = step.receiver or ('B' if step.sender == 'A' else 'A')
        if 'again' in step.options:
            before = next(old for old in reversed(self.steps)
                          if (old.sender, old.what) == (step.sender, step.what))
            before_options = before.options
            step.__dict__.update({**before.__dict__, 'number': before.number,
                                  'options': {**before_options, **step.options}})
            return step
        if step.code:
            step.transaction = self.answered(step)
        else:
            step.transaction = self.asked(step)
        self.negotiate(step)
        return step

    def answered(self, step):
        """The transaction that a response belongs to."""
        method = step.what.partition('/')[2]
        found = next(one for one in reversed(self.transactions) if one.receiver == step.sender and
                     (one.method == method if method else
                      one.method != 'ACK' and one.code < 200))
        found.code = step.code
        step.receiver = found.sender
        step.options.setdefault('fork', found.fork)
        if 100 < step.code < 300 and found.method in DIALOG:
            self.dialogs.add((*sorted((found.sender, step.sender)), step.options['fork']))
        return found

    def asked(self, step):
        fork = step.options.setdefault('fork', '1')
        invites = [one for one in self.transactions if one.method == 'INVITE' and
                   (one.sender, one.receiver) == step.parties]
        if step.what == 'CANCEL' or (step.what == 'ACK' and invites[-1].code >= 300):
            step.in_dialog = invites[-1].in_dialog
            made = Transaction(len(self.transactions), *step.parties, step.what,
                               invites[-1].cseq, fork)
            made.branch = invites[-1].number
            step.in_dialog |= step.what == 'ACK'
        else:
            step.in_dialog = (*sorted(step.parties), fork) in self.dialogs or any(
                self.same.get(party) for party in step.parties)
            identity = self.same.get(step.sender, step.sender)
            if step.what != 'ACK':
                self.cseq[identity] = self.cseq.get(identity, 0) + 1
            cseq = invites[-1].cseq if step.what == 'ACK' else self.cseq[identity]
            made = Transaction(len(self.transactions), *step.parties, step.what,
                               int(step.options.get('cseq', cseq)), fork)
            made.branch = made.number
        made.in_dialog = step.in_dialog
        self.transactions.append(made)
        return made

    def negotiate(self, step):
        """Which description answers which: an offer waits for the other side's next description."""
        if 'stray' in step.options:
            return              # neither offer nor answer
        caller, other = (step.parties if step.sender == 'A' else reversed(step.parties))
        key = (other, step.options['fork'])
        if step.code >= 300 and step.transaction.method != 'CANCEL':
            for waiting in [key for key, (offer, _) in self.offers.items()
                            if offer.transaction is step.transaction]:
                del self.offers[waiting]
        if step.code >= 300 and step.transaction.method == 'INVITE' \
                and not step.transaction.in_dialog:
            self.pairs.clear()
        if (step.code == 200 and step.transaction.method == 'BYE') or step.code == 199:
            self.pairs.pop(key, None)
        if step.sdp is None:
            return
        waiting = self.offers.get(key) or self.offers.get((other, '1'))
        if waiting and waiting[0].sender != step.sender:
            self.pairs[key] = (waiting[0], step)
            if waiting[0].transaction.method != 'INVITE' or waiting[0].transaction.in_dialog \
                    or step.transaction.code == 200 or step.what in ('PRACK', 'ACK'):
                self.offers.pop(key, None)
        else:
            self.offers[key] = (step, caller)


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
    for i, stream in enumerate(spec.split(',')):
        kind, digit, refused, words = STREAM.match(stream).groups()
        port = 0 if refused else base + 4 * i + 20 * int(digit or 0)
        words = words.split('/')[1:]
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
        lines += [f'a={word}' for word in words if word not in ('zero', 'mux', 'foreign')]
    address = '192.0.2.77' if 'foreign' in spec else seat.address
    return ['v=0', f'o={user} 2890844526 {version} IN IP4 {seat.address}', 's=-',
            f'c=IN IP4 {address}', 't=0 0', *lines]


class Scenario:
    """One party's SIPp scenario of a flow."""

    def __init__(self, flow, party, seats):
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

    def has_routes(self, step):
        return bool(self.seats[step.sender].proxies) and step.transaction.method == 'INVITE' and (
            100 < step.code < 300 or step.what == 'INVITE')

    def peer(self, step, party):
        return f'{party}{step.options["fork"]}'

    def receive(self, step):
        made, actions = step.transaction, []

        def ereg(pattern, where, *names):
            assign = ','.join([self.variable('whole'), *map(self.variable, names)])
            actions.append(f'<ereg regexp="{pattern}" {where} check_it="true" '
                           f'assign_to="{assign}"/>')

        if not step.code and step.what != 'ACK':
            count = self.seats[step.sender].proxies + 1 if self.hops(step) else 1
            ereg('[^A-Za-z]+'.join([f'Via: ({TOKEN})'] * count), 'search_in="msg"',
                 *[f'v{made.number}x{i}' for i in range(count)])
        if self.has_routes(step):
            names = [f'r{step.number}x{i}' for i in range(self.seats[step.sender].proxies)]
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
            ereg('[^C]+'.join(['Contact: (&lt;[^&gt;]*&gt;)'] * len(named)), 'search_in="msg"',
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
        self.out += [f'<send{" retrans=" + chr(34) + "500" + chr(34) if again else ""}><![CDATA[',
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
        if step.what == 'REGISTER':
            return 'sip:biloxi.example.com', []
        if step.in_dialog:
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
        if self.has_routes(step):
            lines += [f'Record-Route: {route}' for route in seat.record_routes(False)]
        return lines + self.identities(step, *step.parties, step.in_dialog) + [
            'Call-ID: [call_id]', f'CSeq: {made.cseq} {made.method}']

    def response(self, step):
        made, seat = step.transaction, self.seat
        count = len([name for name in dict.fromkeys(self.variables)
                     if re.fullmatch(f'v{made.number}x[0-9]', name)])
        lines = [f'SIP/2.0 {step.code} {REASON.get(step.code, "Something")}']
        lines += [f'Via: [$v{made.number}x{i}]' for i in range(count)]
        if self.has_routes(step):
            lines += [f'Record-Route: {route}' for route in seat.record_routes(True)]
        elif made in self.routes and 100 < step.code < 300:
            lines += [f'Record-Route: [${route}]' for route in self.routes[made]]
        return lines + self.identities(step, made.sender, made.receiver, step.code > 100) + [
            'Call-ID: [call_id]', f'CSeq: {made.cseq} {made.method}']
