/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A datagram is "HEP3", its length, and chunks of vendor (0: common), type, length and value, all in
 * network byte order (the HEP/EEP specification, revision 12).
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "hep.h"

enum {
	CHUNK_FAMILY = 1,
	CHUNK_PROTOCOL = 2,
	CHUNK_SOURCE = 3, /* IPv4 */
	CHUNK_DESTINATION = 4,
	CHUNK_SOURCE_PORT = 7,
	CHUNK_DESTINATION_PORT = 8,
	CHUNK_SECONDS = 9,
	CHUNK_MICROSECONDS = 10,
	CHUNK_KIND = 11, /* of what is in it */
	CHUNK_CAPTURE_ID = 12,
	CHUNK_TEXT = 15,
	FAMILY_IPV4 = 2,
	KIND_SIP = 1,
	HEADER = 6, /* of the datagram; and of a chunk */
	DATAGRAM_MAX = 65507,
};

struct hep {
	int socket;
	struct sockaddr_in collector;
	uint32_t capture_id;
	uint32_t used;
	uint8_t datagram[DATAGRAM_MAX];
};

/* One of the two sides of a message; network byte order. */
struct side {
	uint32_t src, dst;
	uint16_t src_port, dst_port;
	const uint8_t *text;
	uint32_t length;
};

struct hep *
hep_create(const struct config_sip *config)
{
	struct hep *hep = rte_zmalloc("hep", sizeof(*hep), 0);

	if (hep == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	hep->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (hep->socket < 0) {
		rte_errno = errno;
		rte_free(hep);
		return NULL;
	}
	hep->collector = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = rte_cpu_to_be_16(config->hep_port),
		.sin_addr = {config->hep_address},
	};
	hep->capture_id = config->hep_capture_id;
	return hep;
}

void
hep_destroy(struct hep *hep)
{
	if (hep == NULL)
		return;
	close(hep->socket);
	rte_free(hep);
}

static void
put(struct hep *hep, const void *bytes, size_t length)
{
	memcpy(hep->datagram + hep->used, bytes, length);
	hep->used += (uint32_t)length;
}

static void
put16(struct hep *hep, uint16_t number)
{
	const rte_be16_t ordered = rte_cpu_to_be_16(number);

	put(hep, &ordered, sizeof(ordered));
}

static void
chunk(struct hep *hep, uint16_t type, const void *value, size_t length)
{
	put16(hep, 0);
	put16(hep, type);
	put16(hep, (uint16_t)(HEADER + length));
	put(hep, value, length);
}

static void
chunk8(struct hep *hep, uint16_t type, uint8_t number)
{
	chunk(hep, type, &number, sizeof(number));
}

static void
chunk32(struct hep *hep, uint16_t type, uint32_t number)
{
	const rte_be32_t ordered = rte_cpu_to_be_32(number);

	chunk(hep, type, &ordered, sizeof(ordered));
}

/* False: too long for a datagram. */
static bool
datagram_make(struct hep *hep, const struct trace_record *record, const struct side *side)
{
	rte_be16_t length;

	hep->used = 0;
	put(hep, "HEP3", 4);
	put16(hep, 0); /* length, known in the end */
	chunk8(hep, CHUNK_FAMILY, FAMILY_IPV4);
	chunk8(hep, CHUNK_PROTOCOL, record->proto);
	chunk(hep, CHUNK_SOURCE, &side->src, sizeof(side->src));
	chunk(hep, CHUNK_DESTINATION, &side->dst, sizeof(side->dst));
	chunk(hep, CHUNK_SOURCE_PORT, &side->src_port, sizeof(side->src_port));
	chunk(hep, CHUNK_DESTINATION_PORT, &side->dst_port, sizeof(side->dst_port));
	chunk32(hep, CHUNK_SECONDS, (uint32_t)(record->at_ms / 1000));
	chunk32(hep, CHUNK_MICROSECONDS, (uint32_t)(record->at_ms % 1000 * 1000));
	chunk8(hep, CHUNK_KIND, KIND_SIP);
	chunk32(hep, CHUNK_CAPTURE_ID, hep->capture_id);
	if (side->length > DATAGRAM_MAX - hep->used - HEADER)
		return false;
	chunk(hep, CHUNK_TEXT, side->text, side->length);
	length = rte_cpu_to_be_16((uint16_t)hep->used);
	memcpy(hep->datagram + 4, &length, sizeof(length));
	return true;
}

static void
side_send(struct thread *self, struct hep *hep, const struct trace_record *record,
	const struct side *side)
{
	const bool sent = datagram_make(hep, record, side) &&
			  sendto(hep->socket, hep->datagram, hep->used, MSG_DONTWAIT,
				  (const struct sockaddr *)&hep->collector,
				  sizeof(hep->collector)) == (ssize_t)hep->used;

	event_count(self->counters, sent ? EVENT_HEP_SENT : EVENT_HEP_LOST, 1);
}

void
hep_send(struct thread *self, struct hep *hep, const struct trace_record *record)
{
	const uint8_t *text = (const uint8_t *)(record + 1);
	const struct side before = {
		record->src, record->dst, record->src_port, record->dst_port, text, record->before};
	struct side after = {record->new_src, record->new_dst, record->new_src_port,
		record->new_dst_port, text, record->before};

	side_send(self, hep, record, &before);
	if (record->dropped[0] != '\0')
		return;
	if (record->edited) {
		after.text = text + record->before;
		after.length = record->after;
	} else if (before.src == after.src && before.dst == after.dst &&
		   before.src_port == after.src_port && before.dst_port == after.dst_port) {
		return; /* the collector would have it twice */
	}
	side_send(self, hep, record, &after);
}
