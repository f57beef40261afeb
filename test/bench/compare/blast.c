/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames from one network device as fast as it takes them, or at a rate: UDP of many flows, or INVITEs that each
 * begin a call. Prints how many were sent, in how many seconds.
 *
 * A packet socket that bypasses the queueing discipline, 32 frames a system call: on veth nearly all of the time is
 * the kernel's. Frames have whole checksums, since what is compared must not have to care.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_packet.h>

enum {
	BURST = 32,
	FRAME = 1514,
	HEADERS = sizeof(struct ether_header) + sizeof(struct iphdr) + sizeof(struct udphdr),
	FIRST_PORT = 10000,
	PORTS = 50000, /* of one host; more flows are of more hosts */
	SIP_PORT = 5060,
	MEDIA_HOSTS = 64,
	MEDIA_PORTS = 27000,
	PLACES = 8,
	NANOSECONDS = 1000000000,
};

/* Where a message has a number of so many digits that differs in every one. */
struct place {
	unsigned int at, digits;
	enum { CALL, MEDIA_HOST, MEDIA_PORT } what;
};

static struct {
	const char *interface;
	bool invite;
	uint32_t flows, size;
	uint64_t rate;
	double seconds;
	struct in_addr source, target;
	uint8_t destination[ETHER_ADDR_LEN];
} options = {.flows = 1, .size = 172, .seconds = 1};

static uint8_t frames[BURST][FRAME];
static unsigned int frame_length;
static struct place places[PLACES];
static unsigned int place_count;

static void
die(const char *what)
{
	fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

static uint64_t
sum_of(const void *data, unsigned int length, uint64_t sum)
{
	const uint8_t *bytes = data;
	uint32_t word;

	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	if (length > 0) {
		word = 0;
		memcpy(&word, bytes, length);
		sum += word;
	}
	return sum;
}

static uint16_t
folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The message: {c8} and so on are places of numbers. */
static unsigned int
text_make(char *text, size_t capacity)
{
	static const char body[] =
		"v=0\r\no=- 1 1 IN IP4 10.0.1.{h3}\r\ns=-\r\nc=IN IP4 10.0.1.{h3}\r\n"
		"t=0 0\r\nm=audio {p5} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN], raw[FRAME];
	const unsigned int body_length = sizeof(body) - 1 - 2 + 1; /* two of {h3}, one of {p5} */
	unsigned int length = 0;

	inet_ntop(AF_INET, &options.source, from, sizeof(from));
	inet_ntop(AF_INET, &options.target, to, sizeof(to));
	snprintf(raw, sizeof(raw),
		"INVITE sip:+4930123456@%s SIP/2.0\r\nVia: SIP/2.0/UDP "
		"%s:5060;branch=z9hG4bK{c8};rport\r\n"
		"Max-Forwards: 70\r\nFrom: \"trunk\" <sip:+4940654321@%s>;tag={c8}\r\n"
		"To: <sip:+4930123456@%s>\r\nCall-ID: {c8}@trunk.example\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:trunk@%s:5060>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS, "
		"UPDATE\r\n"
		"User-Agent: blast\r\nContent-Type: application/sdp\r\nContent-Length: "
		"%u\r\n\r\n%s",
		to, from, from, to, from, body_length, body);
	for (const char *c = raw; *c != '\0'; c++) {
		if (*c != '{') {
			if (length >= capacity)
				die("message too long");
			text[length++] = *c;
			continue;
		}
		places[place_count] = (struct place){
			.at = HEADERS + length,
			.digits = (unsigned int)(c[2] - '0'),
			.what = c[1] == 'c'   ? CALL
				: c[1] == 'h' ? MEDIA_HOST
					      : MEDIA_PORT,
		};
		length += places[place_count++].digits;
		c += 3;
	}
	return length;
}

static void
frame_make(uint8_t *frame, const uint8_t own[ETHER_ADDR_LEN])
{
	struct ether_header *ether = (struct ether_header *)frame;
	struct iphdr *ip = (struct iphdr *)(ether + 1);
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	unsigned int length;

	place_count = 0;
	memset(frame, 0, FRAME);
	length = options.invite ? text_make((char *)(udp + 1), FRAME - HEADERS)
				: options.size - (unsigned int)(sizeof(*ip) + sizeof(*udp));
	memcpy(ether->ether_dhost, options.destination, ETHER_ADDR_LEN);
	memcpy(ether->ether_shost, own, ETHER_ADDR_LEN);
	ether->ether_type = htons(ETHERTYPE_IP);
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons((uint16_t)(sizeof(*ip) + sizeof(*udp) + length));
	ip->frag_off = htons(IP_DF);
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = options.source.s_addr;
	ip->daddr = options.target.s_addr;
	udp->dest = htons(options.invite ? SIP_PORT : 4000);
	udp->len = htons((uint16_t)(sizeof(*udp) + length));
	frame_length = HEADERS + length;
}

static void
digits_put(uint8_t *at, unsigned int count, uint32_t number)
{
	while (count-- > 0) {
		at[count] = (uint8_t)('0' + number % 10);
		number /= 10;
	}
}

/* The frame of this number: its flow's addresses, what a message has of its own, checksums. */
static void
frame_number(uint8_t *frame, uint32_t number)
{
	const uint32_t flow = number % options.flows;
	struct iphdr *ip = (struct iphdr *)(frame + sizeof(struct ether_header));
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	const unsigned int length = ntohs(udp->len);
	uint64_t sum;

	ip->saddr = htonl(ntohl(options.source.s_addr) + flow / PORTS);
	udp->source =
		htons((uint16_t)(options.invite && options.flows == 1 ? SIP_PORT
								      : FIRST_PORT + flow % PORTS));
	for (const struct place *place = places; place < places + place_count; place++) {
		const uint32_t media = number / MEDIA_HOSTS % MEDIA_PORTS;

		digits_put(frame + place->at, place->digits,
			place->what == CALL         ? number
			: place->what == MEDIA_HOST ? 100 + number % MEDIA_HOSTS
						    : FIRST_PORT + 2 * media);
	}
	ip->check = 0;
	ip->check = folded(sum_of(ip, sizeof(*ip), 0));
	udp->check = 0;
	sum = sum_of(&ip->saddr, 2 * sizeof(ip->saddr), htons(IPPROTO_UDP));
	sum = sum_of(udp, length, sum + udp->len);
	udp->check = folded(sum);
	if (udp->check == 0)
		udp->check = 0xffff;
}

static int
open_socket(uint8_t own[ETHER_ADDR_LEN])
{
	const int on = 1, buffer = 16 << 20;
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	struct ifreq request = {0};
	int fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: receives nothing */

	if (fd < 0)
		die("socket");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", options.interface);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		die(options.interface);
	memcpy(own, request.ifr_hwaddr.sa_data, ETHER_ADDR_LEN);
	address.sll_ifindex = (int)if_nametoindex(options.interface);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) < 0)
		die("packet socket");
	return fd;
}

static uint32_t
blast(int fd)
{
	struct mmsghdr messages[BURST] = {0};
	struct iovec vectors[BURST];
	const uint64_t begin = now_ns();
	const uint64_t end = begin + (uint64_t)(options.seconds * NANOSECONDS);
	uint32_t sent = 0;
	uint64_t now;

	for (unsigned int i = 0; i < BURST; i++) {
		vectors[i] = (struct iovec){.iov_base = frames[i], .iov_len = frame_length};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	while ((now = now_ns()) < end) {
		unsigned int from = 0;

		if (options.rate > 0 && sent > (now - begin) * options.rate / NANOSECONDS)
			continue;
		for (unsigned int i = 0; i < BURST; i++)
			frame_number(frames[i], sent + i);
		while (from < BURST) {
			const int done = sendmmsg(fd, messages + from, BURST - from, 0);

			if (done > 0)
				from += (unsigned int)done;
			else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
				die("sendmmsg");
			else if (now_ns() >= end)
				return sent + from;
		}
		sent += BURST;
	}
	return sent;
}

static bool
mac_read(const char *text, uint8_t mac[ETHER_ADDR_LEN])
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		       &mac[4], &mac[5]) == ETHER_ADDR_LEN;
}

static void
options_read(int count, char **words)
{
	static const struct option table[] = {
		{"interface", required_argument, NULL, 'i'},
		{"destination", required_argument, NULL, 'd'},
		{"source", required_argument, NULL, 's'},
		{"target", required_argument, NULL, 't'},
		{"flows", required_argument, NULL, 'f'},
		{"size", required_argument, NULL, 'z'},
		{"rate", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 'n'},
		{"invite", no_argument, NULL, 'v'},
		{0},
	};
	bool there[2] = {false, false}, mac = false;
	int c;

	while ((c = getopt_long(count, words, "", table, NULL)) != -1) {
		switch (c) {
		case 'i':
			options.interface = optarg;
			break;
		case 'd':
			mac = mac_read(optarg, options.destination);
			break;
		case 's':
			there[0] = inet_pton(AF_INET, optarg, &options.source) == 1;
			break;
		case 't':
			there[1] = inet_pton(AF_INET, optarg, &options.target) == 1;
			break;
		case 'f':
			options.flows = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'z':
			options.size = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			options.rate = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			options.seconds = strtod(optarg, NULL);
			break;
		case 'v':
			options.invite = true;
			break;
		default:
			exit(2);
		}
	}
	if (options.interface == NULL || !mac || !there[0] || !there[1] || options.flows == 0 ||
		options.size < sizeof(struct iphdr) + sizeof(struct udphdr) ||
		options.size > FRAME - sizeof(struct ether_header)) {
		fprintf(stderr,
			"usage: blast --interface NAME --destination MAC --source ADDRESS "
			"--target ADDRESS [--invite] [--flows N] [--size IP_BYTES] [--rate N] "
			"[--seconds N]\n");
		exit(2);
	}
}

int
main(int count, char **words)
{
	uint8_t own[ETHER_ADDR_LEN];
	uint64_t begin;
	uint32_t sent;
	int fd;

	options_read(count, words);
	fd = open_socket(own);
	for (unsigned int i = 0; i < BURST; i++)
		frame_make(frames[i], own);
	begin = now_ns();
	sent = blast(fd);
	printf("{\"sent\": %u, \"seconds\": %.6f}\n", sent,
		(double)(now_ns() - begin) / NANOSECONDS);
	return 0;
}
