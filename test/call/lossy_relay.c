/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lossy_relay: a wire between two interfaces that loses and reorders, for the call tests.
 *
 * Overview: every frame that comes in at one interface leaves by the other, both ways. Of IPv4 frames
 * so many of a thousand are lost, and so many held back until one to DEPTH later ones of the same way
 * have passed, or HOLD_MS when none come. ARP passes, so that what is tried is TCP and not ARP. The
 * chances come from a generator that the last argument seeds.
 * Life cycle: SIGTERM ends it; then it prints what it did, as JSON.
 * Limits: HELD_MAX frames held back a way; a further one passes at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FRAME_MAX = 2048,
	HELD_MAX = 64,
	DEPTH = 3, /* frames that overtake one that is held back, at most */
	HOLD_MS = 10,
	BUFFER = 4 << 20,
	THOUSAND = 1000,
};

struct held {
	uint64_t until_ms;
	unsigned int overtakers; /* how many more go first */
	bool overtaken;
	size_t length;
	uint8_t bytes[FRAME_MAX];
};

struct way {
	int from, to;
	struct held held[HELD_MAX];
	unsigned int waiting; /* of `held`, those in use: the first ones */
	uint64_t frames, lost, reordered;
};

static volatile sig_atomic_t stopped;
static uint64_t state;

static void
stop(int signal)
{
	stopped = 1;
}

/* xorshift64* */
static unsigned int
chance(unsigned int bound)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned int)((state * 2685821657736338717ull >> 33) % bound);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int
interface_open(const char *name)
{
	struct sockaddr_ll local = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct packet_mreq promiscuous = {.mr_type = PACKET_MR_PROMISC};
	int size = BUFFER, on = 1, fd;

	local.sll_ifindex = (int)if_nametoindex(name);
	promiscuous.mr_ifindex = local.sll_ifindex;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (fd < 0 || local.sll_ifindex == 0)
		err(2, "%s", name);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
		setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
			sizeof(promiscuous)) < 0 ||
		bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		err(2, "%s", name);
	return fd;
}

/* A frame that the interface cannot take now is one more that is lost. */
static void
frame_send(struct way *way, const uint8_t *bytes, size_t length)
{
	if (send(way->to, bytes, length, 0) < 0)
		way->lost++;
}

/* Those whose time has come leave; `passed`: a frame has just overtaken them. */
static void
held_release(struct way *way, uint64_t now, bool passed)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < way->waiting; i++) {
		struct held *held = &way->held[i];

		if (passed) {
			held->overtakers--;
			held->overtaken = true;
		}
		if (held->overtakers == 0 || now >= held->until_ms) {
			frame_send(way, held->bytes, held->length);
			way->reordered += held->overtaken;
		} else {
			if (kept != i)
				way->held[kept] = *held;
			kept++;
		}
	}
	way->waiting = kept;
}

static void
frame_take(struct way *way, const uint8_t *bytes, size_t length, unsigned int loss,
	unsigned int reorder)
{
	const bool ip = length >= ETH_HLEN && bytes[12] == 0x08 && bytes[13] == 0x00;
	const uint64_t now = now_ms();

	way->frames++;
	if (ip && chance(THOUSAND) < loss) {
		way->lost++;
		return;
	}
	if (ip && chance(THOUSAND) < reorder && way->waiting < HELD_MAX) {
		struct held *held = &way->held[way->waiting++];

		*held = (struct held){.until_ms = now + HOLD_MS, .overtakers = 1 + chance(DEPTH)};
		held->length = length;
		memcpy(held->bytes, bytes, length);
		return;
	}
	frame_send(way, bytes, length);
	held_release(way, now, true);
}

static void
way_read(struct way *way, unsigned int loss, unsigned int reorder)
{
	uint8_t bytes[FRAME_MAX];
	ssize_t length;

	while ((length = recv(way->from, bytes, sizeof(bytes), MSG_TRUNC)) >= 0) {
		if (length > (ssize_t)sizeof(bytes))
			errx(2, "a frame of %zd bytes: offloads are on", length);
		frame_take(way, bytes, (size_t)length, loss, reorder);
	}
	if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		err(2, "receive");
}

static unsigned int
number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > UINT32_MAX)
		errx(2, "'%s' is no number", text);
	return (unsigned int)value;
}

static void
way_print(const char *name, const struct way *way, const char *end)
{
	printf("\"%s\": {\"frames\": %ju, \"lost\": %ju, \"reordered\": %ju}%s", name,
		(uintmax_t)way->frames, (uintmax_t)way->lost, (uintmax_t)way->reordered, end);
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop};
	static struct way way[2];
	struct pollfd poll_fds[2];
	unsigned int loss, reorder;

	if (argc != 6)
		errx(2, "usage: lossy_relay ONE OTHER LOST REORDERED SEED (of a thousand frames)");
	loss = number(argv[3]);
	reorder = number(argv[4]);
	state = (number(argv[5]) + 1ull) * 0x9e3779b97f4a7c15ull;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	way[0].from = way[1].to = interface_open(argv[1]);
	way[0].to = way[1].from = interface_open(argv[2]);
	for (unsigned int i = 0; i < 2; i++)
		poll_fds[i] = (struct pollfd){.fd = way[i].from, .events = POLLIN};
	fprintf(stderr, "ready\n");
	while (!stopped) {
		poll(poll_fds, 2, way[0].waiting + way[1].waiting > 0 ? 1 : 100);
		for (unsigned int i = 0; i < 2; i++) {
			way_read(&way[i], loss, reorder);
			held_release(&way[i], now_ms(), false);
		}
	}
	printf("{");
	way_print("forth", &way[0], ", ");
	way_print("back", &way[1], "}\n");
	return 0;
}
