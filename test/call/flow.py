# SPDX-License-Identifier: BSD-3-Clause
"""Call flows, written down once, from which each party's SIPp scenario is made.

A flow is text, one message a line, in the order of the RFCs' diagrams:

    A INVITE sdp                party A sends; the others' scenarios wait for it
      Subject: lunch            indented: further header lines of the message above
    B 183 fork=2 sdp=audio      a response to the last open request to B (200/INVITE: to that one)
    A>C INVITE                  to another party than usual (A: B; the rest: A)
    A INVITE again              the same once more, as a retransmission (with a check between)
    B MESSAGE lost              sent, and must not arrive
    check media                 all wait for each other, flow_run.py does what the word says

`sdp=audio,video2-/inactive` lists the streams: kind, a digit that moves its port, `-` for port 0,
then attributes; `zero` is the hold with c=0.0.0.0, `mux` is a=rtcp-mux, `foreign` media elsewhere,
`passive` and `active` the ends of a TCP connection (`message`: MSRP), `ice` candidates, `bundle`
one of a group, `first` on the port of its first.
Further words: `rel` (a reliable 1xx), `stray` (a description that is neither offer nor answer),
`once` (SIPp does not repeat it by itself), `uri=0` (to the first Contact of the last REGISTER).
"""

DIALOG = ('INVITE', 'SUBSCRIBE', 'REFER')       # methods whose 2xx makes a dialog


class Transaction:
    def __init__(self, number, sender, receiver, method, cseq, fork):
        self.number, self.sender, self.receiver = number, sender, receiver
        self.method, self.cseq, self.fork = method, cseq, fork
        self.in_dialog = False
        self.code = 0           # of the last response
        self.offer = None       # the step that offers, outside a dialog


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
            step.__dict__.update({**before.__dict__,
                                  'options': {**before.options, **step.options}})
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
        """Which description answers which, and what a refusal or the end takes back."""
        made, fork = step.transaction, step.options['fork']
        key = (step.receiver if step.sender == 'A' else step.sender, fork)
        if 'stray' in step.options:
            return              # neither offer nor answer
        if step.code >= 300 and made.method != 'CANCEL':
            self.offers = {of: offer for of, offer in self.offers.items()
                           if offer.transaction is not made}
            if made.method == 'INVITE' and not made.in_dialog:
                self.pairs.clear()
        if (step.code == 200 and made.method == 'BYE') or step.code == 199:
            self.pairs.pop(key, None)
        if step.sdp is None:
            return
        offer = made.offer if step.code and not made.in_dialog else self.offers.get(key)
        if offer and offer.sender != step.sender:
            self.pairs[key] = (offer, step)
            if step.code >= 200 or not step.code or 'rel' in step.options:
                self.offers.pop(key, None)
        elif step.code == 0 and not made.in_dialog:
            made.offer = step   # each fork has an answer of its own to it
        else:
            self.offers[key] = step
