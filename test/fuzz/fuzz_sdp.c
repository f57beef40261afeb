/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session descriptions (sdp_properties.h).
 */
#include "test/fuzz/harness.h"
#include "test/fuzz/sdp_properties.h"

static const char *const seeds[] = {
	"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
	"m=audio 40000/2 RTP/AVP 0 8\r\na=rtcp:40001 IN IP4 10.0.0.5\r\na=sendrecv\r\n"
	"m=video 40002 RTP/AVP 96\r\nc=IN IP4 10.0.0.6\r\na=rtcp:40003\r\na=inactive\r\n",

	"v=0\r\no=alice 2890844526 2890844526 IN IP6 2001:db8::1\r\ns=a session\r\ni=about it\r\n"
	"u=http://a.example/\r\ne=a@example.com\r\np=+1 617 555-6011\r\nc=IN IP6 ff15::101/3\r\n"
	"b=CT:128\r\nt=2873397496 2873404696\r\nr=7d 1h 0 25h\r\nz=2882844526 -1h 0 0\r\n"
	"k=clear:x\r\na=recvonly\r\na=group:BUNDLE a v\r\na=ice-lite\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:a\r\na=rtcp-mux\r\n"
	"a=rtcp-mux-only\r\na=ice-ufrag:8hhY\r\na=ice-pwd:asd88fgpdd777uzjYhagZg\r\n"
	"a=setup:actpass\r\na=fingerprint:sha-256 19:E2:1C\r\na=ice-options:trickle\r\n"
	"a=candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host generation 0\r\n"
	"a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.1.1 rport 8998\r\n"
	"a=candidate:3 2 TCP 1 10.0.1.1 9 typ host tcptype active\r\n"
	"a=candidate:4 1 UDP 1 2001:db8::1 9 typ relay raddr :: rport 0\r\n"
	"a=remote-candidates:1 192.0.2.3 45664 2 192.0.2.3 45665\r\na=end-of-candidates\r\n"
	"m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=bundle-only\r\n",

	"v=0\no=- 1 1 IN IP4 h.example\ns=-\nc=IN IP4 224.2.1.1/127/3\nc=IN IP4 224.2.1.9/127\n"
	"t=0 0\na=inactive\nm=message 7394 TCP/MSRP *\nc=IN IP4 h\na=accept-types:text/plain\n"
	"a=path:msrp://10.0.0.5:7394/2s93i93idj;tcp msrps://[2001:db8::1]:9/x;tcp\na=sendonly\n"
	"a=setup:passive\na=connection:new\nm=image 5000 udptl t38\na=T38FaxVersion:0\n"
	"a=T38FaxUdpEC:t38UDPRedundancy\nm=application 50000 TCP/BFCP *\na=setup:holdconn\n"
	"a=floorctrl:c-only\n",

	"v=0\ro=- 1 1 IN IP4 1.2.3.4\rs=-\rt=0 0\rm=audio 1 RTP/AVP 0\rc=IN IP4 1.2.3.4\r",
};

static const char *const words[] = {"\r\n", "\n", "\r", " ", "/", ":", "v=0\r\n",
	"o=", "s=", "c=", "m=", "a=", "t=0 0\r\n", "b=", "k=", "z=", "IN IP4 ", "IN IP6 ",
	"c=IN IP4 10.0.0.5\r\n", "c=IN IP4 224.2.1.1/127/3\r\n", "m=audio ",
	"m=video 1/2 RTP/AVP 0\r\n", "RTP/AVP", "UDP/TLS/RTP/SAVPF", "TCP/MSRP", "udptl",
	"a=rtcp:", "a=rtcp-mux\r\n", "a=rtcp-mux-only\r\n",
	"a=candidate:", "a=candidate:1 1 UDP 1 10.0.0.1 1 typ host\r\n", " raddr ", " rport ",
	" typ ", "srflx", "relay", "prflx", " tcptype ", "active", "passive", "so",
	"a=remote-candidates:", "a=end-of-candidates\r\n", "a=setup:", "holdconn", "actpass",
	"a=group:BUNDLE ", "a=mid:", "a=bundle-only\r\n", "a=path:", "msrp://", "msrps://", ";tcp",
	"[::1]", "::", "2001:db8::1", "10.0.0.5", "0.0.0.0", "255.255.255.255", "256", "65535",
	"65536", "4294967296", "0", "a=sendonly\r\n", "a=recvonly\r\n", "a=inactive\r\n",
	"a=ice-ufrag:", "a=ice-pwd:", "a=ice-lite\r\n", "a=ice-mismatch\r\n", "\xff"};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), words, FUZZ_COUNT(words), 700, 40000};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= UINT32_MAX)
		properties_description((struct slice){(const char *)data, (uint32_t)size});
	return 0;
}
