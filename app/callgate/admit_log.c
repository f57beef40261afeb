/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines of classes with `log`: conversations that begin, packets that are refused. */
#define LOG_MODULE LOG_MODULE_FW

#include <arpa/inet.h>
#include <stdio.h>

#include "admit_priv.h"
#include "core/log.h"

enum { TUPLE_MAX = 64 };

/* "10.0.0.5:4000 to 198.51.100.20:53"; ICMP queries have their identifier on both sides. */
static const char *
tuple_text(char text[TUPLE_MAX], rte_be32_t src, rte_be16_t src_port, rte_be32_t dst,
	rte_be16_t dst_port)
{
	const uint8_t *s = (const uint8_t *)&src, *d = (const uint8_t *)&dst;

	snprintf(text, TUPLE_MAX, "%u.%u.%u.%u:%u to %u.%u.%u.%u:%u", s[0], s[1], s[2], s[3],
		ntohs(src_port), d[0], d[1], d[2], d[3], ntohs(dst_port));
	return text;
}

static const char *
proto_text(uint8_t proto, char text[8])
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		snprintf(text, 8, "%u", proto);
		return text;
	}
}

/* `as`: how the packet goes on, or would. */
static void
line_write(const struct admission *admission, const char *what, const char *as, const char *reason)
{
	const struct ruleset *ruleset = admission->ruleset;
	const struct flow_key *key = &admission->packet->key;
	const char *pair = fw_zone_pair_name(ruleset, admission->verdict.zone_pair);
	struct fw_class_statistics class;
	char came[TUPLE_MAX], proto[8];

	if (!fw_class_statistics(
		    ruleset, admission->verdict.zone_pair, admission->verdict.class_index, &class))
		return;
	LOG_RATED(INFO, "conversations of classes with log",
		"%s %s %s as %s, %s to %s, zone pair %s, class %s%s%s", what,
		proto_text(key->proto, proto),
		tuple_text(came, key->src, key->src_port, key->dst, key->dst_port), as,
		fw_zone_name(ruleset, admission->in->zone),
		admission->out ? fw_zone_name(ruleset, admission->out->zone) : "self", pair,
		class.class_name, reason ? ": " : "", reason ? reason : "");
}

void
admit_log_refused(const struct admission *admission, enum drop_reason reason)
{
	const struct flow_key *real = &admission->real;
	char as[TUPLE_MAX];

	if (admission->verdict.log)
		line_write(admission, "drop",
			tuple_text(as, real->src, real->src_port, real->dst, real->dst_port),
			drop_reason_name(reason));
}

void
admit_log_begun(const struct admission *admission, const struct flow_path *path)
{
	char as[TUPLE_MAX];

	if (admission->verdict.log)
		line_write(admission,
			admission->verdict.action == FW_INSPECT ? "inspect"
			: admission->verdict.action == FW_PASS  ? "pass"
								: "pinhole",
			tuple_text(as, path->new_src, path->new_src_port, path->new_dst,
				path->new_dst_port),
			NULL);
}
