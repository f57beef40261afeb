/* SPDX-License-Identifier: BSD-3-Clause */
/* `sip.hep`: what the table cannot read by itself. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "address_priv.h"
#include "reader_priv.h"

void
collector_read(struct reader *reader)
{
	const char *allowed = setting_find("sip.hep.collector")->allowed, *text;
	struct config_sip *sip = &reader->config->sip;
	const config_setting_t *setting = config_lookup(&reader->tree, "sip.hep.collector");
	in_addr_t address;
	uint16_t port;

	if (setting == NULL)
		return;
	text = text_read(reader, setting, allowed);
	if (text == NULL)
		return;
	/* Of loopback, too: a collector may run beside callgate. */
	if (address_port_parse(text, &address, &port) != 0 || port == 0 ||
		ntohl(address) >> 24 == 0 || ntohl(address) >> 28 >= 14) {
		fault_add(reader, setting, "is \"%.64s\", allowed: %s", text, allowed);
		return;
	}
	sip->hep_address = address;
	sip->hep_port = port;
}
