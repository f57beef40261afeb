# SPDX-License-Identifier: BSD-3-Clause
"""What the peer echoes comes back to the inside client as it was written, byte for byte: Via and
From in responses, Contact as the Request-URI of the peer's own BYE. With and without a port."""
import re
import sys

import callnet
import calls


def header(message, name):
    found = re.search(rb'^' + name + rb':[^\r\n]*', message, re.MULTILINE)
    callnet.check(found, f'no {name} in {message!r}')
    return found[0]


def branch(via):
    return re.search(rb'branch=([^;\s]+)', via)[1]


def test(network):
    address = calls.INSIDE if sys.argv[1:] == ['--without-port'] else f'{calls.INSIDE}:5060'
    caller, _ = calls.trunk_calls(network, 2, via=address, contact=address, calls=calls.CALLS,
                                  caller='caller_stays', callee='callee_hangs_up')
    sent = {}
    responses = byes = 0
    for own, text in caller.messages():
        if own and not text.startswith(b'SIP/2.0'):
            sent[branch(header(text, b'Via'))] = text
        elif not own and text.startswith(b'SIP/2.0'):
            request = sent[branch(header(text, b'Via'))]
            for name in (b'Via', b'From', b'Call-ID'):
                callnet.check(header(text, name) == header(request, name),
                              f'{header(request, name)} came back as {header(text, name)}')
            responses += 1
        elif not own:
            first = text.split(b'\r\n')[0]
            callnet.check(first == b'BYE sip:caller@' + address.encode() + b' SIP/2.0',
                          f'Contact {address} came back as {first}')
            byes += 1
    callnet.check(responses >= 2 * calls.CALLS, f'{responses} responses seen')
    callnet.check(byes >= calls.CALLS, f'{byes} BYE seen')


callnet.main(test)
