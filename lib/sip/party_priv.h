/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From and To of a message whose header table is filled.
 */
#ifndef SIP_PARTY_PRIV_H
#define SIP_PARTY_PRIV_H

#include "sip/message.h"

/* Address and tag of the first header with this id; false when there is none, or an empty one. One
 * that cannot be read has no URI and no tag; whom it is for will complain. */
bool party_read(const struct sip_message *message, enum sip_header_id id,
	struct sip_address *address, struct slice *tag);

#endif
