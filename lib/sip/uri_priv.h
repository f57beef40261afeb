/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host[:port] as part of a URI or a sent-by.
 */
#ifndef SIP_URI_PRIV_H
#define SIP_URI_PRIV_H

#include "sip/uri.h"

/* Read host[:port] at p; `spaces`: allowed round the colon (sent-by). Where it ends, or NULL when
 * there is no host or a port that is none. */
const char *hostport_read(const char *p, const char *end, bool spaces, struct sip_hostport *host);

#endif
