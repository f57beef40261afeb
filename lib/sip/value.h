/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All values of all headers of one kind, in the order in which they stand: several on a line and
 * on several lines are one list (RFC 3261 7.3.1).
 *
 *	struct sip_values values = sip_values_begin(message, SIP_HEADER_VIA);
 *	struct slice value;
 *
 *	while (sip_values_next(&values, &value))
 *		...
 */
#ifndef SIP_VALUE_H
#define SIP_VALUE_H

#include "message.h"

struct sip_values {
	const struct sip_message *message;
	const struct sip_header *header; /* that the last value came from; NULL: no more */
	struct slice rest; /* of its values */
};

static inline struct sip_values
sip_values_begin(const struct sip_message *message, enum sip_header_id id)
{
	const struct sip_header *const header = sip_header_first(message, id);

	return (struct sip_values){
		message, header, header != NULL ? header->value : (struct slice){NULL, 0}};
}

/** The next value; false after the last one. Empty values (",,") are passed over. */
static inline bool
sip_values_next(struct sip_values *values, struct slice *value)
{
	while (values->header != NULL) {
		if (sip_value_next(&values->rest, value))
			return true;
		values->header = sip_header_next(values->message, values->header);
		if (values->header != NULL)
			values->rest = values->header->value;
	}
	return false;
}

/** Is the word one of the values, its parameters not counted: an option tag in Require or
 *  Supported, a method in Allow. Case is ignored (RFC 3261 7.3.1: tokens). */
bool sip_values_contain(const struct sip_message *message, enum sip_header_id id, const char *word);

#endif
