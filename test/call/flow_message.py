# SPDX-License-Identifier: BSD-3-Clause
"""What SIPp's traces say: messages, and the endpoints that their session descriptions announce."""
import re

SIPP_MESSAGE = re.compile(
    rb'UDP message (sent \((\d+) bytes\)|received \[(\d+)\] bytes ):\n\n')


class Message:
    """One SIP message of a SIPp trace."""

    def __init__(self, sent, text):
        self.sent, self.text = sent, text
        head, _, self.body = text.partition(b'\r\n\r\n')
        self.first, *lines = head.split(b'\r\n')
        self.fields = [(name.lower(), value.strip()) for name, _, value in
                       (line.partition(b':') for line in lines)]
        word = self.first.split(b' ')
        self.code = int(word[1]) if self.first.startswith(b'SIP/2.0') else 0
        self.method = b'' if self.code else word[0]
        self.uri = b'' if self.code else word[1]

    def values(self, name):
        return [value for field, value in self.fields if field == name]

    def key(self):
        """Equal for a message as sent and as received."""
        return self.first if self.code else self.method, self.values(b'cseq'), self.values(b'to')


class Description:
    """The endpoints of a session description: (address, RTP port, RTCP port) of each stream."""

    def __init__(self, body):
        session, self.streams, current = None, [], None
        self.bundled = b'a=group:BUNDLE' in body
        for line in body.decode().splitlines():
            if line.startswith('c='):
                if current is None:
                    session = line.split()[-1]
                else:
                    current['address'] = line.split()[-1]
            elif line.startswith('m='):
                words = line[2:].split()
                current = {'kind': words[0], 'port': int(words[1]), 'address': session,
                           'candidates': [], 'udp': words[2] != 'TCP/MSRP',
                           'rtcp': None if words[2] == 'udptl' else int(words[1]) + 1}
                self.streams.append(current)
            elif line.startswith('a=rtcp:') and current:
                current['rtcp'] = int(line[7:].split()[0])
            elif line.startswith('a=candidate:') and current:
                words = line.split()
                current['candidates'].append((words[4], int(words[5])))
            elif line == 'a=rtcp-mux' and current:
                current['rtcp'] = None

    @classmethod
    def of(cls, trace, version, sent):
        """By the version in its o= line; None when the trace does not have it."""
        for message in reversed(trace):
            if message.sent == sent and f' {version} IN IP4 '.encode() in message.body:
                return cls(message.body)
        return None


def messages_of(log):
    """The messages of a SIPp trace, in order."""
    return [Message(head[1].startswith(b'sent'),
                    log[head.end():head.end() + int(head[2] or head[3])])
            for head in SIPP_MESSAGE.finditer(log)]


def counter(first, names):
    """The counter of a message by its first line."""
    if not first.startswith(b'SIP/2.0'):
        return first.split(b' ')[0].decode()
    code = first.split(b' ')[1].decode()
    if code in names:
        return code
    return f'other_{code[0]}xx' if code[0] in '12' else f'{code[0]}xx'
