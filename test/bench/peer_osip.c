/* SPDX-License-Identifier: BSD-3-Clause */
/* libosip2: osip_message_parse() and sdp_message_parse(). */
#include <osipparser2/osip_parser.h>
#include <osipparser2/sdp_message.h>

#include "test/bench/sip_peer.h"

static bool
osip_start(void)
{
	return parser_init() == 0;
}

static bool
osip_parse(const char *text, uint32_t length)
{
	osip_message_t *message;
	bool good;

	if (osip_message_init(&message) != 0)
		return false;
	good = osip_message_parse(message, text, length) == 0;
	osip_message_free(message);
	return good;
}

static bool
osip_description(const char *text, uint32_t length)
{
	sdp_message_t *description;
	bool good;

	if (sdp_message_init(&description) != 0)
		return false;
	good = sdp_message_parse(description, text) == 0;
	sdp_message_free(description);
	return good;
}

const struct sip_peer sip_peer = {
	.name = "libosip2",
	.call = "osip_message_parse",
	.version = PEER_VERSION,
	.reads = "start line, all headers it knows as objects (Via, Contact, routes, credentials), "
		 "other headers and the body as strings",
	.start = osip_start,
	.parse = osip_parse,
	.description = osip_description,
};
