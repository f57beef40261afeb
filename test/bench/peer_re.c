/* SPDX-License-Identifier: BSD-3-Clause */
/* libre: sip_msg_decode() and sdp_decode(). Both read from an mbuf, which holds a copy. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <re.h>

#include "test/bench/sip_peer.h"

static struct mbuf *buffer;
static struct sa local;

static bool
re_start(void)
{
	buffer = mbuf_alloc(65536);
	return buffer != NULL && sa_set_str(&local, "192.0.2.1", 4000) == 0;
}

static void
buffer_fill(const char *text, uint32_t length)
{
	memcpy(buffer->buf, text, length);
	buffer->pos = 0;
	buffer->end = length;
}

static bool
re_parse(const char *text, uint32_t length)
{
	struct sip_msg *message;

	buffer_fill(text, length);
	if (sip_msg_decode(&message, buffer) != 0)
		return false;
	mem_deref(message);
	return true;
}

static bool
re_description(const char *text, uint32_t length)
{
	struct sdp_session *session;
	bool good;

	if (sdp_session_alloc(&session, &local) != 0)
		return false;
	buffer_fill(text, length);
	good = sdp_decode(session, buffer, true) == 0;
	mem_deref(session);
	return good;
}

const struct sip_peer sip_peer = {
	.name = "libre",
	.call = "sip_msg_decode",
	.version = PEER_VERSION,
	.reads = "start line, first Via, From, To, CSeq, Call-ID, Content-Type and -Length; every "
		 "other header (Contact, routes, later Vias) as name and text alone",
	.start = re_start,
	.parse = re_parse,
	.description = re_description,
};
