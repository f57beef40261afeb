/* SPDX-License-Identifier: BSD-3-Clause */
#include "family.h"

static const struct family_text texts[FAMILIES_COUNT] = {
#define X(id, name, kind, labels, help) [FAMILY_##id] = {name, labels, help, KIND_##kind},
	FAMILIES(X)
#undef X
#define X(id, name, help) [FAMILY_EVENT_##id] = {"callgate_" name "_total", "", help, KIND_COUNTER},
		EVENTS(X)
#undef X
#define X(id, name, help) \
	[FAMILY_SIP_##id] = {"callgate_sip_" name "_total", LABELS_ZONES, help, KIND_COUNTER},
			SIP_EVENT_COUNTERS(X) SIP_LIMIT_COUNTERS(X)
#undef X
};

const struct family_text *
family_text(enum family family)
{
	return &texts[family];
}

const char *
family_kind_name(enum family_kind kind)
{
	static const char *const names[] = {
		[KIND_COUNTER] = "counter", [KIND_GAUGE] = "gauge", [KIND_HISTOGRAM] = "histogram"};

	return names[kind];
}
