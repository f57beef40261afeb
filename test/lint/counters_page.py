#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/counters.md from the lists in the headers: prints the page, or compares it (--check FILE)."""
import re
import sys

ROW = re.compile(r'X\((\w+),\s*"([^"]+)"(?:,\s*"((?:[^"\\]|\\.)*)")?\)')


def rows(path, macro):
    """Rows (name, help) of one X-macro list in a header."""
    text = open(path, encoding="utf-8").read()
    start = text.index("#define " + macro)
    end = text.index("\n\n", start)
    body = text[start:end].replace("\\\n", "\n")
    found = ROW.findall(body)
    assert found and len(found) == body.count("\tX("), f"{path}: not every row of {macro} is read"
    return [(name, text.replace('\\"', '"')) for _, name, text in found]


def table(title, note, found):
    lines = [f"## {title}", "", note, "", "| name | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in found]
    return lines + [""]


def names(title, note, found):
    return [f"## {title}", "", note, "", ", ".join(f"`{name}`" for name, _ in found), ""]


def page(root):
    drop, event = root + "/lib/core/drop.h", root + "/lib/core/counter.h"
    sip = root + "/lib/alg/statistics.h"
    lines = ["# Counters", "",
             "Made from the lists in `lib/core/drop.h`, `lib/core/counter.h`, "
             "`lib/alg/statistics.h`, `lib/sip/message.h` and `lib/sip/sdp.h`; a test compares "
             "this page with them.", ""]
    lines += table("Drop reasons", "`callgatectl show drops`: why a packet ended in callgate.",
                   rows(drop, "DROP_REASONS"))
    lines += table("Events", "`callgatectl show events`: what happened besides.",
                   rows(event, "EVENTS"))
    lines += names("SIP methods", "`callgatectl show sip statistics`: requests received.",
                   rows(sip, "SIP_METHOD_COUNTERS"))
    lines += names("SIP responses", "Responses received, by class.",
                   rows(sip, "SIP_RESPONSE_COUNTERS"))
    lines += names("SIP 200 by method", "200 received, by the method of the request.",
                   rows(sip, "SIP_OK_COUNTERS"))
    lines += table("SIP events", "What the ALG did.", rows(sip, "SIP_EVENT_COUNTERS"))
    lines += table("SIP errors", "What it could not do.", rows(sip, "SIP_ERROR_COUNTERS"))
    lines += table("SIP limits", "What a limit refused; the drop reason is `sip_limit`, but for the blacklist.",
                   rows(sip, "SIP_LIMIT_COUNTERS"))
    lines += table("SIP messages that are wrong", "Each counted once, and in `malformed` or `keepalives`.",
                   [("error_" + name, text)
                    for name, text in rows(root + "/lib/sip/message.h", "SIP_ERROR_LIST")])
    lines += table("Session descriptions that are wrong",
                   "Each counted once, and in `malformed` or `too_many_media`.",
                   [("sdp_error_" + name, text)
                    for name, text in rows(root + "/lib/sip/sdp.h", "SDP_ERROR_LIST")])
    lines += table("Bodies that are wrong",
                   "Multipart bodies; what can be read of them is translated all the same.",
                   [("body_error_" + name, text)
                    for name, text in rows(root + "/lib/sip/multipart.h", "MULTIPART_ERROR_LIST")])
    return "\n".join(lines)


def main():
    root = sys.argv[1]
    text = page(root)
    if len(sys.argv) < 4:
        print(text, end="")
        return 0
    if open(sys.argv[3], encoding="utf-8").read() == text:
        return 0
    print("docs/counters.md is not what the headers say; "
          "test/lint/counters_page.py ROOT > docs/counters.md")
    return 1


if __name__ == "__main__":
    sys.exit(main())
