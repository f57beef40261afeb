/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams as parties make them: of each kind, somewhere else, with candidates (RFC 8839, 4145). */
#include <string.h>

#include "model_agent_priv.h"

enum {
	PORTS_APART = 1000, /* of one stream's candidates */
	TCP_DISCARD = 9,
};

static void
candidate_add(struct stream *stream, enum candidate_type type, unsigned int component, uint8_t host,
	uint16_t port, uint8_t base_host, uint16_t base_port)
{
	uint16_t more = (uint16_t)(component - 1);

	stream->candidate[stream->candidate_count++] = (struct candidate){
		.type = (uint8_t)type,
		.component = (uint8_t)component,
		.host = host,
		.port = (uint16_t)(port + more),
		.base_host = base_host,
		.base_port = (uint16_t)(base_port + more),
	};
}

/* The default destination is one of them: the host's own, or the relay's. */
static void
candidates_make(struct dice *dice, const struct agent *agent, struct stream *stream, uint16_t port)
{
	uint8_t own = agent->host, nat = own | HOST_NAT, relay = own | HOST_RELAY;
	uint16_t seen = (uint16_t)(port + PORTS_APART), relayed = (uint16_t)(seen + PORTS_APART);
	bool second = dice_percent(dice, 30), srflx = dice_percent(dice, 40);
	bool at_relay = stream->at == AT_RELAY, relays = at_relay || dice_percent(dice, 25);
	unsigned int components = stream->kind == KIND_RTP ? 2 : 1;

	if (at_relay)
		relayed = stream->port;
	for (unsigned int i = 1; i <= components; i++) {
		candidate_add(stream, CANDIDATE_HOST, i, own, port, 0, 0);
		if (second)
			candidate_add(stream, CANDIDATE_HOST, i, own | HOST_SECOND, port, 0, 0);
		if (srflx)
			candidate_add(stream, CANDIDATE_SRFLX, i, nat, seen, own, port);
		if (relays)
			candidate_add(stream, CANDIDATE_RELAY, i, relay, relayed, nat, seen);
	}
}

static void
draw_elsewhere(struct dice *dice, struct stream *stream)
{
	static const uint8_t places[] = {AT_FOREIGN, AT_FOREIGN, AT_NAME, AT_IPV6};

	if (dice_percent(dice, 7))
		stream->at = places[dice_below(dice, 4)];
	else if (dice_percent(dice, 1))
		stream->port = (uint16_t)(500 + stream->port % 500); /* nobody's to open */
}

struct stream
stream_new(struct dice *dice, struct agent *agent, enum kind kind)
{
	struct stream stream = {.kind = (uint8_t)kind, .port = agent->next_port};

	agent->next_port += 4;
	stream.mux = kind == KIND_RTP && agent->mux;
	if (dice_percent(dice, 5))
		stream.port++; /* odd ports are allowed, too */
	if (!agent->ice || kind == KIND_TCP) {
		draw_elsewhere(dice, &stream);
	} else {
		uint16_t own = stream.port;

		if (dice_percent(dice, 15)) {
			stream.at = AT_RELAY;
			stream.port = (uint16_t)(own + 3 * PORTS_APART);
		}
		candidates_make(dice, agent, &stream, own);
	}
	return stream;
}

enum kind
kind_new(struct dice *dice)
{
	uint32_t what = dice_below(dice, 100);

	return what < 86 ? KIND_RTP : what < 92 ? KIND_FAX : KIND_TCP;
}

/* RTP's alone: RTCP runs on its port (RFC 5761 5.1.3), or there is none. */
void
stream_drop_rtcp(struct stream *stream)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < stream->candidate_count; i++) {
		if (stream->candidate[i].component == 1)
			stream->candidate[kept++] = stream->candidate[i];
	}
	stream->candidate_count = (uint8_t)kept;
}

/* The same stream of another kind, on the same port. */
void
stream_become(struct stream *stream, const struct agent *agent, enum kind kind)
{
	stream->kind = (uint8_t)kind;
	stream->mux = kind == KIND_RTP && agent->mux;
	stream->bundled = stream->bundle_only = false;
	if (kind == KIND_FAX)
		stream_drop_rtcp(stream);
}

/* RFC 4145 4.1: who connects alone says port 9. */
static void
setup_set(struct stream *stream, enum setup setup, struct agent *agent)
{
	bool listens = setup == SETUP_PASSIVE || setup == SETUP_ACTPASS;

	stream->setup = (uint8_t)setup;
	if (!listens) {
		stream->port = TCP_DISCARD;
	} else if (stream->port == TCP_DISCARD) {
		stream->port = agent->next_port;
		agent->next_port += 4;
	}
}

void
setup_offer(struct dice *dice, struct agent *agent, struct stream *stream)
{
	static const uint8_t setups[] = {SETUP_ACTPASS, SETUP_ACTPASS, SETUP_ACTPASS, SETUP_PASSIVE,
		SETUP_PASSIVE, SETUP_ACTIVE, SETUP_ACTIVE, SETUP_HOLDCONN};

	stream->existing = false;
	setup_set(stream, (enum setup)setups[dice_below(dice, 8)], agent);
}

void
setup_answer(
	struct dice *dice, struct agent *agent, const struct stream *offered, struct stream *stream)
{
	enum setup setup = SETUP_ACTIVE;

	if (offered->setup == SETUP_ACTIVE)
		setup = SETUP_PASSIVE;
	else if (offered->setup == SETUP_HOLDCONN)
		setup = SETUP_HOLDCONN;
	else if (offered->setup == SETUP_ACTPASS &&
		 (stream->existing ? stream->port != TCP_DISCARD : dice_percent(dice, 50)))
		setup = SETUP_PASSIVE;
	setup_set(stream, setup, agent);
}
