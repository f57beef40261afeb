/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contact values. No state; a value is read once for its address and once for its parameters.
 */
#include "sip/contact.h"
#include "sip/parameter_priv.h"

/* qvalue: "0" or "1", then maybe '.' and up to three digits; over 1 is none. */
static int16_t
q_read(struct slice text)
{
	int16_t q, place = 100;

	if (text.length == 0 || text.length > 5 || (text.at[0] != '0' && text.at[0] != '1'))
		return SIP_CONTACT_NO_Q;
	if (text.length > 1 && text.at[1] != '.')
		return SIP_CONTACT_NO_Q;
	q = text.at[0] == '1' ? 1000 : 0;
	for (uint32_t i = 2; i < text.length; i++, place /= 10) {
		if (!scan_is(text.at[i], SCAN_DIGIT))
			return SIP_CONTACT_NO_Q;
		q += (int16_t)((text.at[i] - '0') * place);
	}
	return q <= 1000 ? q : SIP_CONTACT_NO_Q;
}

static void
quoted_keep(struct slice *place, struct slice value)
{
	if (place->at == NULL && value.at != NULL)
		*place = sip_unquoted(value);
}

static void
parameter_note(struct sip_contact *contact, const struct sip_parameter *parameter)
{
	uint64_t number;

	if (scan_word(parameter->name, "expires")) {
		if (!contact->expires_present &&
			slice_number(parameter->value, UINT32_MAX, &number)) {
			contact->expires_present = true;
			contact->expires = (uint32_t)number;
		}
	} else if (scan_word(parameter->name, "q")) {
		if (contact->q == SIP_CONTACT_NO_Q)
			contact->q = q_read(parameter->value);
	} else if (scan_word(parameter->name, "reg-id")) {
		if (contact->reg_id == 0 && slice_number(parameter->value, UINT32_MAX, &number))
			contact->reg_id = (uint32_t)number;
	} else if (scan_word(parameter->name, "+sip.instance")) {
		quoted_keep(&contact->instance, parameter->value);
	} else if (scan_word(parameter->name, "pub-gruu")) {
		quoted_keep(&contact->pub_gruu, parameter->value);
	} else if (scan_word(parameter->name, "temp-gruu")) {
		quoted_keep(&contact->temp_gruu, parameter->value);
	}
}

bool
sip_contact_parse(struct slice value, struct sip_contact *contact)
{
	const struct slice none = {NULL, 0};
	struct sip_parameter parameter;

	if (!sip_address_parse(value, &contact->address))
		return false;
	contact->expires_present = false;
	contact->expires = 0;
	contact->q = SIP_CONTACT_NO_Q;
	contact->reg_id = 0;
	contact->instance = contact->pub_gruu = contact->temp_gruu = none;

	const char *const base = contact->address.parameters.at;
	const char *const end = base + contact->address.parameters.length;

	for (const char *p = base; (p = parameter_read(base, p, end, &parameter)) != NULL;)
		parameter_note(contact, &parameter);
	return true;
}
