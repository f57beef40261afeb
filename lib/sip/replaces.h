/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers that name a dialog: Replaces (RFC 3891), Join (RFC 3911), Target-Dialog (RFC 4538); as
 * header values and, escaped, in the URI of a Refer-To.
 */
#ifndef SIP_REPLACES_H
#define SIP_REPLACES_H

#include "uri.h"

struct sip_replaces {
	/* As written; at NULL: none. Where `escaped`, sip_escaped_equal() compares them. */
	struct slice call_id;
	struct slice to_tag, from_tag; /* Replaces, Join */
	struct slice local_tag, remote_tag; /* Target-Dialog */
	bool early_only;
	bool escaped;
};

/**
 * Replaces or Join: Call-ID and one to-tag and one from-tag (RFC 3891 3). `escaped`: the value
 * stands in a URI behind '?'.
 */
bool sip_replaces_parse(struct slice value, bool escaped, struct sip_replaces *replaces);

/** Target-Dialog: Call-ID, and no tag twice. */
bool sip_target_dialog_parse(struct slice value, bool escaped, struct sip_replaces *target);

#endif
