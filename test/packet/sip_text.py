# SPDX-License-Identifier: BSD-3-Clause
"""SIP and SDP texts for tests: exact bytes, Content-Length computed, no parsing.

A Call names the addresses as one side spells them. Call.seen(mapping) is the same call as the
other side of the NAT must see it, so a test compares whole messages, not patterns.
"""
from dataclasses import dataclass, replace

PBX, PHONE = "10.0.0.5", "10.0.0.6"
WAN = "203.0.113.1"
TRUNK, FAR = "198.51.100.10", "198.51.100.20"
OUTWARD = {PBX: WAN}

SPELLED = ("caller", "callee", "via", "contact", "remote", "uri")


def sdp(host, port=10000, *, version=1, direction="sendrecv", lines=(), media=None, origin=None):
    """An audio description, one host in o= and c=; `lines` end the m= section."""
    body = [b"v=0", f"o=- 7 {version} IN IP4 {origin or host}".encode(), b"s=-",
            f"c=IN IP4 {host}".encode(), b"t=0 0",
            (media or f"m=audio {port} RTP/AVP 0").encode(), b"a=rtpmap:0 PCMU/8000"]
    body += [f"a={direction}".encode()] if direction else []
    body += [line.encode() for line in lines]
    return b"\r\n".join(body) + b"\r\n"


def message(start, headers, body=b"", content_type="application/sdp", length="Content-Length: "):
    """A whole message. `length` is the Content-Length header's name, None leaves it out."""
    lines = [start] + [h for h in headers if h]
    if body and content_type:
        lines.append(f"Content-Type: {content_type}")
    if length is not None:
        lines.append(f"{length}{len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True)
class Call:
    """One dialog. The caller is the side that sent the first request."""
    caller: str = PBX                      # host in From
    callee: str = TRUNK                    # host in To
    via: str = f"{PBX}:5060"               # caller's sent-by
    contact: str = f"{PBX}:5060"           # caller's Contact
    remote: str = f"{TRUNK}:5060"          # callee's Contact
    uri: str = TRUNK                       # first Request-URI
    call_id: str = "one@10.0.0.5"          # never rewritten, though it holds an inside address
    from_tag: str = "from-1"
    to_tag: str = "to-1"
    parameters: str = ""                   # of Via

    def seen(self, mapping=None):
        """The same call with hosts as the other side sees them."""
        mapping = OUTWARD if mapping is None else mapping
        changed = {}
        for name in SPELLED:
            value = getattr(self, name)
            for old, new in mapping.items():
                value = value.replace(old, new)
            changed[name] = value
        return replace(self, **changed)

    def _parties(self, tagged, swapped=False):
        near = f"<sip:100@{self.caller}>;tag={self.from_tag}"
        far = f"<sip:200@{self.callee}>" + (f";tag={self.to_tag}" if tagged else "")
        return [f"From: {far if swapped else near}", f"To: {near if swapped else far}"]

    def request(self, method, cseq=1, body=b"", *, tagged=None, extra=(), uri=None, contact=True,
                branch=None, **text):
        """A request of the caller; in a dialog (`tagged`) it goes to the callee's Contact."""
        tagged = method in ("ACK", "BYE", "PRACK", "UPDATE", "INFO") if tagged is None else tagged
        target = uri or (self.remote if tagged else self.uri)
        branch = branch or f"z9hG4bK-{self.call_id}-{cseq}-{method}"
        headers = [f"Via: SIP/2.0/UDP {self.via};branch={branch}{self.parameters}",
                   "Max-Forwards: 70", *self._parties(tagged), f"Call-ID: {self.call_id}",
                   f"CSeq: {cseq} {method}",
                   f"Contact: <sip:100@{self.contact}>" if contact else None, *extra]
        return message(f"{method} sip:200@{target} SIP/2.0", headers, body, **text)

    def response(self, status, cseq=1, method="INVITE", body=b"", *, extra=(), via=None,
                 contact=True, branch=None, tagged=None, **text):
        """The callee's response to a request of the caller; echoes its Via."""
        tagged = status > 100 if tagged is None else tagged
        branch = branch or f"z9hG4bK-{self.call_id}-{cseq}-{method}"
        headers = [via or f"Via: SIP/2.0/UDP {self.via};branch={branch}{self.parameters}",
                   *self._parties(tagged), f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}",
                   f"Contact: <sip:200@{self.remote}>" if contact and status > 100 else None,
                   *extra]
        return message(f"SIP/2.0 {status} Reason", headers, body, **text)

    def back_request(self, method, cseq=1, body=b"", *, via=None, extra=(), **text):
        """A request of the callee in the dialog."""
        via = via or self.remote
        headers = [f"Via: SIP/2.0/UDP {via};branch=z9hG4bK-back-{cseq}-{method}",
                   "Max-Forwards: 70", *self._parties(True, swapped=True),
                   f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}",
                   f"Contact: <sip:200@{self.remote}>", *extra]
        return message(f"{method} sip:100@{self.contact} SIP/2.0", headers, body, **text)

    def back_response(self, status, cseq=1, method="BYE", body=b"", *, via=None, extra=(), **text):
        """The caller's response to a request of the callee."""
        via = via or self.remote
        headers = [f"Via: SIP/2.0/UDP {via};branch=z9hG4bK-back-{cseq}-{method}",
                   *self._parties(True, swapped=True), f"Call-ID: {self.call_id}",
                   f"CSeq: {cseq} {method}", f"Contact: <sip:100@{self.contact}>", *extra]
        return message(f"SIP/2.0 {status} Reason", headers, body, **text)


def register(host, *, contact=None, cseq=1, expires=600, call_id="reg@10.0.0.6", registrar=TRUNK,
             extra=(), user="300"):
    """A REGISTER of the phone at `host`."""
    contact = contact or f"<sip:{user}@{host}>"
    return message(f"REGISTER sip:{registrar} SIP/2.0", [
        f"Via: SIP/2.0/UDP {host};branch=z9hG4bK-{call_id}-{cseq};rport", "Max-Forwards: 70",
        f"From: <sip:{user}@{registrar}>;tag=reg", f"To: <sip:{user}@{registrar}>",
        f"Call-ID: {call_id}", f"CSeq: {cseq} REGISTER", f"Contact: {contact}",
        f"Expires: {expires}" if expires is not None else None, *extra])


def registered(host, *, contact=None, cseq=1, granted=600, call_id="reg@10.0.0.6",
               registrar=TRUNK, status=200, user="300", via=None, extra=()):
    """Its response: the Contact with the granted expiry (None: not said there; "": no Contact)."""
    if contact is None:
        contact = f"<sip:{user}@{host}>"
    via = via or f"Via: SIP/2.0/UDP {host};branch=z9hG4bK-{call_id}-{cseq};rport"
    expiry = f";expires={granted}" if granted is not None else ""
    return message(f"SIP/2.0 {status} Reason", [
        via, f"From: <sip:{user}@{registrar}>;tag=reg", f"To: <sip:{user}@{registrar}>;tag=srv",
        f"Call-ID: {call_id}", f"CSeq: {cseq} REGISTER",
        f"Contact: {contact}{expiry}" if status == 200 and contact else None, *extra])
