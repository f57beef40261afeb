/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header table of a message whose start line is read.
 */
#ifndef SIP_HEADERS_PRIV_H
#define SIP_HEADERS_PRIV_H

#include "sip/header_priv.h"
#include "sip/lines_priv.h"

/* Fills the header table. *at, where the first header begins, moves to the body, or to the line that
 * is wrong. HEADER_END; HEADER_LINE: there are more than SIP_HEADERS_MAX; or what is wrong. */
enum header_kind headers_read(
	const char **at, const char *end, struct lines *lines, struct sip_message *message);

#endif
