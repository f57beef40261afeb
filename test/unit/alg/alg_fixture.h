/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ALG between the test's hands: real flow, NAT, pinhole and route tables in memory, one worker
 * (thread 0, this one), a control thread and a clock driven by the test.
 *
 *   inside 10.0.0.0/24 (zone 2) -- 10.0.0.1 [callgate] 203.0.113.1 -- outside (zone 3)
 */
#ifndef UNIT_ALG_FIXTURE_H
#define UNIT_ALG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "alg/alg.h"

enum { TEXT_MAX = 65536 };

struct fixture {
	struct config config;
	struct thread worker, control;
	struct interface_table *interfaces;
	struct route_table *routes;
	struct flow_table *flows;
	struct nat *nat;
	struct pinhole_table *pinholes;
	struct alg *alg;
	struct mailbox *mailbox;
	struct mailbox *mailboxes[WORKERS_MAX];
	char text[TEXT_MAX + 4096]; /* the message after the ALG */
	uint32_t length;
	uint32_t
		capacity; /* of the message's buffer; 0: room for the longest and what it may grow */
	bool edited;
	int verdict;
	uint8_t proto; /* of what is sent; at first what ALG_TEST_TRANSPORT names, or UDP */
	bool twice; /* each message comes again at once and has to leave as before; ALG_TEST_TWICE */
	const struct alg_lead *lead; /* of the next message; NULL: as of one that comes alone */
};

extern struct fixture fx;

struct fixture_options {
	bool no_nat;
	uint16_t first_port, last_port; /* of a pool instead of the interface's address; 0: none */
	unsigned int max_calls; /* 0: 4096 */
	unsigned int workers; /* 0: 1; messages and mail are the first one's */
	unsigned int max_calls_per_host, max_pending_calls, max_doors_per_call;
	unsigned int blacklist_messages, blacklist_period_ms, blacklist_seconds;
	bool records; /* system.cdr */
	bool small; /* tables for one call at a time: quick to sweep */
	unsigned int port_hold_seconds; /* 0: ports do not rest */
	enum config_media_hosts media_hosts;
	enum config_malformed malformed;
	unsigned int history; /* messages; 0: off */
};

int fixture_process(void **state); /* once: EAL, clock, RCU */
int fixture_start(void **state); /* defaults: NAT on the interface's address */
int fixture_stop(void **state);
void fixture_start_with(const struct fixture_options *options);

/* Time passes; the control lcore sweeps; the worker reads its mail. */
void fixture_time(uint32_t seconds);

/*
 * A message from one endpoint to another ("10.0.0.7:5060"), through a flow as the pipeline makes
 * it. Returns the verdict; the text that leaves is in fx.text.
 */
int fixture_send(const char *from, const char *to, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As it left, NUL ended. */
#define assert_left(expected) assert_string_equal(fx.text, expected)

/* The outside endpoint of an inside one, "203.0.113.1:5060"; "" when there is no binding. Of UDP, which
 * has the media, or of TCP. */
const char *outside_of(const char *inside);
uint16_t outside_port(const char *inside);
const char *outside_tcp(const char *inside);
uint16_t outside_tcp_port(const char *inside);

/* The transport of messages, as a Via has it. */
const char *transport_now(void);

/* May this host begin a TCP connection for SIP that no policy permits? `to` as it is addressed. */
bool tcp_admitted(const char *from, const char *to);

/* May this packet open a flow through a pinhole? */
bool media_passes(const char *from, const char *to);

/* A packet of media passes, through a flow as the pipeline makes it. */
void fixture_media(const char *from, const char *to);

uint32_t counted(enum sip_counter counter);

/* Nothing of any call is left. */
void assert_nothing_left(void);

struct sockaddr_in endpoint_of(const char *text);

/* A body with its Content-Type and Content-Length lines before it. */
const char *with_sdp(const char *body);
/* v=0 ... with these connection address, port and more lines. */
const char *sdp_audio(const char *address, unsigned int port, const char *more);

#define CRLF "\r\n"

#endif
