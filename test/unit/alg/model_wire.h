/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tables (model_wire.c) and the text (model_text.c) of callgate's side share. */
#ifndef UNIT_ALG_MODEL_WIRE_H
#define UNIT_ALG_MODEL_WIRE_H

#include "alg_fixture.h"
#include "model_walk.h"

/* The outside port of an endpoint that is open; 0: it is not. */
rte_be16_t kept_port(place_t place);

rte_be32_t host_address(const struct wire *wire, enum party party, uint8_t host);
size_t session_write(const struct wire *wire, const struct sip *sip, char *text, size_t size);
bool compare_text(const struct wire *wire, const struct expected *expected, const struct sip *sip,
	char *why, size_t size);
bool compare_secret(const struct wire *wire, const struct sip *sip, char *why, size_t size);

#endif
