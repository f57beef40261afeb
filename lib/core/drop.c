/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and help of the drop reasons, from the one list in drop.h. */
#include "core/drop.h"

static const char *const drop_names[] = {
#define X(id, name, help) [DROP_##id] = name,
	DROP_REASONS(X)
#undef X
};

static const char *const drop_helps[] = {
#define X(id, name, help) [DROP_##id] = help,
	DROP_REASONS(X)
#undef X
};

const char *
drop_reason_name(enum drop_reason reason)
{
	return (unsigned int)reason < DROP_COUNT ? drop_names[reason] : "?";
}

const char *
drop_reason_help(enum drop_reason reason)
{
	return (unsigned int)reason < DROP_COUNT ? drop_helps[reason] : "?";
}
