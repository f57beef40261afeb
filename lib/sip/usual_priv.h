/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The usual forms of values, read in one go where the processor has AVX2: an address in <> with a
 * sip URI, a Via, a dotted quad. Each reader here either takes what it is given, with the result of
 * the general readers, or refuses without having stored anything that counts; then the general ones
 * read it. Nothing is understood here that those would not understand.
 */
#ifndef SIP_USUAL_PRIV_H
#define SIP_USUAL_PRIV_H

#include <stdatomic.h>

#include "sip/uri.h"

#if defined(__x86_64__) && !defined(SIP_SCAN_PLAIN)
#define USUAL_X86
#endif

enum usual { USUAL_UNKNOWN, USUAL_OFF, USUAL_ON };

#ifdef USUAL_X86
/* What the first value finds out; tests switch it off and on. */
extern _Atomic int usual_state;
bool usual_find_out(void);

static inline bool
usual_able(void)
{
	/* relaxed: whoever comes second finds out the same */
	const int state = atomic_load_explicit(&usual_state, memory_order_relaxed);

	return state == USUAL_ON || (state == USUAL_UNKNOWN && usual_find_out());
}

/* All of these: false, refused. To be called where usual_able() only. */

/* A whole slice as a dotted quad. */
bool usual_quad(struct slice slice, uint32_t *address);

bool usual_uri(struct slice text, struct sip_uri *uri);

/* The first value of a list, which is taken off it. */
bool usual_address(struct slice *rest, struct sip_address *address, struct sip_uri *uri);
bool usual_via(struct slice *rest, struct sip_via *via, struct sip_via_parameters *parameters);
#else
/* Elsewhere nothing is usual; a compiler that leaves dead calls in finds these. */
static inline bool
usual_able(void)
{
	return false;
}

static inline bool
usual_quad(struct slice slice, uint32_t *address)
{
	return false;
}

static inline bool
usual_uri(struct slice text, struct sip_uri *uri)
{
	return false;
}

static inline bool
usual_address(struct slice *rest, struct sip_address *address, struct sip_uri *uri)
{
	return false;
}

static inline bool
usual_via(struct slice *rest, struct sip_via *via, struct sip_via_parameters *parameters)
{
	return false;
}
#endif

#endif
