/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Another SIP parser, to be measured beside lib/sip. Each is a module of its own, loaded so that
 * neither side sees the other's symbols: several of them export names that lib/sip uses, too.
 */
#ifndef BENCH_SIP_PEER_H
#define BENCH_SIP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#define SIP_PEER_SYMBOL "sip_peer"

struct sip_peer {
	const char *name;
	const char *call; /* what is timed */
	const char *version;
	const char *reads; /* what that call reads, and what it leaves as text */
	bool (*start)(void);
	/* Parse and free. The text is followed by a NUL. False: the parser refused it. */
	bool (*parse)(const char *text, uint32_t length);
	/* The same for a session description. */
	bool (*description)(const char *text, uint32_t length);
};

extern const struct sip_peer sip_peer;

#endif
