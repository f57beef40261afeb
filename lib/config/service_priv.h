/* SPDX-License-Identifier: BSD-3-Clause */
/* Services that a class map can name: one protocol and destination port each. */
#ifndef CONFIG_SERVICE_PRIV_H
#define CONFIG_SERVICE_PRIV_H

#include <stddef.h>
#include <stdint.h>

struct service {
	const char *name;
	uint8_t proto; /* IPPROTO_*, 0: TCP and UDP both */
	uint16_t port; /* destination port, 0: any */
	const char *help;
};

extern const struct service service_table[];
extern const unsigned int service_count;

/** NULL: no such service. "sip" is in the table, but its ports are those of nat.sip. */
const struct service *service_find(const char *name);

/** All names, separated by ", ". */
void service_names_text(char *buffer, size_t size);

#endif
