/* SPDX-License-Identifier: BSD-3-Clause */
/* sofia-sip: msg_make(), which copies the text and calls msg_extract(), and sdp_parse(). */
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sdp.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su.h>

#include "test/bench/sip_peer.h"

static bool
sofia_start(void)
{
	return su_init() == 0;
}

static bool
sofia_parse(const char *text, uint32_t length)
{
	msg_t *const message = msg_make(sip_default_mclass(), 0, text, (ssize_t)length);
	const sip_t *sip;
	bool good;

	if (message == NULL)
		return false;
	sip = sip_object(message);
	good = sip != NULL && sip->sip_error == NULL && sip->sip_via != NULL &&
	       sip->sip_call_id != NULL && msg_is_complete(message);
	msg_destroy(message);
	return good;
}

static bool
sofia_description(const char *text, uint32_t length)
{
	sdp_parser_t *const parser = sdp_parse(NULL, text, (issize_t)length, 0);
	const bool good = sdp_session(parser) != NULL;

	sdp_parser_free(parser);
	return good;
}

const struct sip_peer sip_peer = {
	.name = "sofia-sip",
	.call = "msg_make + msg_extract",
	.version = PEER_VERSION,
	.reads = "start line, all headers it knows as objects (all Vias, Contacts, routes, "
		 "credentials), unknown headers and the body as text",
	.start = sofia_start,
	.parse = sofia_parse,
	.description = sofia_description,
};
