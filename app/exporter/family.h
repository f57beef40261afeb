/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Families of series: all that the exporter serves, by name, kind, labels and meaning. One table that
 * the HELP and TYPE lines and docs/metrics.md are made of. Names, units and labels as Prometheus has
 * them: what may be added up is one family with a label, what may not has a family each.
 */
#ifndef EXPORTER_FAMILY_H
#define EXPORTER_FAMILY_H

#include "alg/statistics.h"
#include "core/counter.h"
#include "core/drop.h"

enum family_kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

#define LABELS_ZONES   "source, destination"
#define LABELS_PORT    "port, driver"
#define LABELS_WORKER  "worker, core"
#define LABELS_POOL    "pool, of, kind"
#define LABELS_ADDRESS "pool, of, kind, address"
#define LABELS_PAIR    "zone_pair, source, destination"
#define LABELS_CLASS   "zone_pair, class, policy, action"

/* One row a line, however long. */
/* clang-format off */
/* X(ENUM, "name", kind, "labels", "help") */
#define FAMILIES(X) \
	X(UP, "callgate_up", GAUGE, "", "1: callgate has answered all questions; 0: it has not, and nothing is known of it") \
	X(EXPORTER_INFO, "callgate_exporter_build_info", GAUGE, "version", "this exporter; always 1") \
	X(BUILD_INFO, "callgate_build_info", GAUGE, "version", "the callgate that answered; always 1") \
	X(INFO, "callgate_info", GAUGE, "configuration, pages", "configuration file, and the kind of memory pages; always 1") \
	X(UPTIME, "callgate_uptime_seconds", GAUGE, "", "since callgate started") \
	X(LOADED, "callgate_configuration_loaded_timestamp_seconds", GAUGE, "", "when the configuration in force was loaded, Unix time") \
	X(RELOADS, "callgate_configuration_reloads_total", COUNTER, "", "reloads that were taken; one that was refused is none") \
	X(WORKERS, "callgate_workers", GAUGE, "", "worker lcores") \
	X(MEMORY, "callgate_memory_bytes", GAUGE, "", "memory given to DPDK") \
	X(FLOWS, "callgate_flows", GAUGE, "", "flows in use") \
	X(TRANSLATIONS, "callgate_nat_translations", GAUGE, "", "bindings in use, doors included") \
	X(DOORS, "callgate_doors", GAUGE, "", "doors open: bindings that the ALG made") \
	X(MEDIA_DOORS, "callgate_media_doors", GAUGE, "", "of them: for media") \
	X(PINHOLES, "callgate_pinholes", GAUGE, "", "pinholes open") \
	X(MEDIA_PINHOLES, "callgate_media_pinholes", GAUGE, "", "of them: for media") \
	X(CALLS, "callgate_calls", GAUGE, "", "call records in use") \
	X(REGISTRATIONS, "callgate_registrations", GAUGE, "", "Contacts registered") \
	X(HOSTS, "callgate_nat_hosts", GAUGE, "", "inside hosts with dynamic translations or blocks of ports") \
	X(NAT_PORTS, "callgate_nat_ports", GAUGE, "", "outside ports of translations in use") \
	X(HELD_PORTS, "callgate_nat_held_ports", GAUGE, "", "outside ports that rest") \
	X(MBUFS, "callgate_mbufs", GAUGE, "", "packet buffers in use") \
	X(DATAGRAMS, "callgate_datagrams", GAUGE, "", "datagrams of which fragments are missing") \
	X(FRAGMENTS, "callgate_fragments", GAUGE, "", "fragments of them that wait") \
	X(STREAMS, "callgate_streams", GAUGE, "", "SIP connections over TCP that are read") \
	X(STREAM_BUFFERS, "callgate_stream_buffers", GAUGE, "", "chunks of 2 KB with their bytes") \
	X(NEIGHBOURS, "callgate_neighbours", GAUGE, "", "neighbours known or asked for") \
	X(TRACES, "callgate_traces", GAUGE, "", "traces of SIP messages and captures of frames that are on") \
	X(DROPS, "callgate_drops_total", COUNTER, "reason", "packets that ended in callgate, by drop reason") \
	X(PORT_UP, "callgate_port_up", GAUGE, LABELS_PORT, "1: the link is up") \
	X(PORT_RX_QUEUES, "callgate_port_rx_queues", GAUGE, LABELS_PORT, "receive queues") \
	X(PORT_TX_QUEUES, "callgate_port_tx_queues", GAUGE, LABELS_PORT, "transmit queues") \
	X(PORT_RX_PACKETS, "callgate_port_rx_packets_total", COUNTER, LABELS_PORT, "packets received") \
	X(PORT_TX_PACKETS, "callgate_port_tx_packets_total", COUNTER, LABELS_PORT, "packets sent") \
	X(PORT_RX_BYTES, "callgate_port_rx_bytes_total", COUNTER, LABELS_PORT, "bytes received") \
	X(PORT_TX_BYTES, "callgate_port_tx_bytes_total", COUNTER, LABELS_PORT, "bytes sent") \
	X(PORT_RX_MISSED, "callgate_port_rx_missed_total", COUNTER, LABELS_PORT, "packets that came while the receive queues were full") \
	X(PORT_RX_ERRORS, "callgate_port_rx_errors_total", COUNTER, LABELS_PORT, "packets received with an error") \
	X(PORT_TX_ERRORS, "callgate_port_tx_errors_total", COUNTER, LABELS_PORT, "packets that could not be sent") \
	X(PORT_RX_NO_MBUF, "callgate_port_rx_no_mbuf_total", COUNTER, LABELS_PORT, "times that no packet buffer was free to receive into") \
	X(WORKER_RX_PACKETS, "callgate_worker_rx_packets_total", COUNTER, LABELS_WORKER, "packets received from ports") \
	X(WORKER_TX_PACKETS, "callgate_worker_tx_packets_total", COUNTER, LABELS_WORKER, "packets given to ports") \
	X(WORKER_BUSY_LIFETIME, "callgate_worker_busy_lifetime_ratio", GAUGE, LABELS_WORKER, "part of the time since start in which there was work") \
	X(WORKER_BUSY_CYCLES, "callgate_worker_busy_cycles_total", COUNTER, LABELS_WORKER, "TSC cycles of turns that found work") \
	X(WORKER_ALL_CYCLES, "callgate_worker_cycles_total", COUNTER, LABELS_WORKER, "TSC cycles since start, of all turns and of sleep") \
	X(WORKER_CYCLES, "callgate_worker_cycles_per_packet", GAUGE, LABELS_WORKER, "TSC cycles a packet since start, of turns that found work") \
	X(WORKER_HANDOFF_IN, "callgate_worker_handoff_in_total", COUNTER, LABELS_WORKER, "SIP messages and fragments received from other workers") \
	X(WORKER_HANDOFF_OUT, "callgate_worker_handoff_out_total", COUNTER, LABELS_WORKER, "SIP messages and fragments handed to other workers") \
	X(WORKER_HANDOFF_LOCAL, "callgate_worker_handoff_local_total", COUNTER, LABELS_WORKER, "SIP messages whose owner received them") \
	X(WORKER_HANDOFF_DROPS, "callgate_worker_handoff_drops_total", COUNTER, LABELS_WORKER, "packets lost for a hand-off ring was full") \
	X(WORKER_CALLS, "callgate_worker_calls_owned_total", COUNTER, LABELS_WORKER, "call records made") \
	X(WORKER_RX_QUEUES, "callgate_worker_rx_queues", GAUGE, LABELS_WORKER, "receive queues that it polls") \
	X(WORKER_SLEEPS, "callgate_worker_sleeps_total", COUNTER, LABELS_WORKER, "times that it slept for there was nothing to do") \
	X(WORKER_BUSY, "callgate_worker_busy_ratio", HISTOGRAM, "worker", "part of a second in which there was work, sampled once a second") \
	X(SIP_TIME, "callgate_sip_message_processing_seconds", HISTOGRAM, "worker", "time that the ALG took for a SIP message; one in 13 of each worker is timed") \
	X(POOL_HOSTS, "callgate_nat_pool_hosts", GAUGE, LABELS_POOL, "inside hosts paired with its addresses") \
	X(POOL_USED, "callgate_nat_pool_ports_used", GAUGE, LABELS_POOL ", protocol", "ports in use") \
	X(POOL_FREE, "callgate_nat_pool_ports_free", GAUGE, LABELS_POOL ", protocol", "ports free") \
	X(POOL_HELD, "callgate_nat_pool_ports_held", GAUGE, LABELS_POOL ", protocol", "ports that rest") \
	X(POOL_BLOCKS_USED, "callgate_nat_pool_blocks_used", GAUGE, LABELS_POOL, "blocks of ports that hosts have") \
	X(POOL_BLOCKS_FREE, "callgate_nat_pool_blocks_free", GAUGE, LABELS_POOL, "blocks of ports that are free") \
	X(POOL_FAILURES, "callgate_nat_pool_failures_total", COUNTER, LABELS_POOL ", reason", "translations that could not be given, by cause") \
	X(ADDRESS_HOSTS, "callgate_nat_address_hosts", GAUGE, LABELS_ADDRESS, "inside hosts paired with this address") \
	X(ADDRESS_USED, "callgate_nat_address_ports_used", GAUGE, LABELS_ADDRESS ", protocol", "ports in use") \
	X(ADDRESS_FREE, "callgate_nat_address_ports_free", GAUGE, LABELS_ADDRESS ", protocol", "ports free") \
	X(ADDRESS_HELD, "callgate_nat_address_ports_held", GAUGE, LABELS_ADDRESS ", protocol", "ports that rest") \
	X(ADDRESS_BLOCKS_USED, "callgate_nat_address_blocks_used", GAUGE, LABELS_ADDRESS, "blocks of ports that hosts have") \
	X(ADDRESS_BLOCKS_FREE, "callgate_nat_address_blocks_free", GAUGE, LABELS_ADDRESS, "blocks of ports that are free") \
	X(PAIR_PACKETS, "callgate_zone_pair_packets_total", COUNTER, LABELS_PAIR, "first packets of flows that the zone pair decided about") \
	X(PAIR_BYTES, "callgate_zone_pair_bytes_total", COUNTER, LABELS_PAIR, "their bytes") \
	X(PAIR_DROPS, "callgate_zone_pair_drops_total", COUNTER, LABELS_PAIR, "of them: dropped, by action or limit") \
	X(PAIR_LIMITED, "callgate_zone_pair_limited_total", COUNTER, LABELS_PAIR ", limit", "refused by a limit of the zone pair itself") \
	X(PAIR_FLOWS, "callgate_zone_pair_flows", GAUGE, LABELS_PAIR, "flows in use") \
	X(PAIR_HALF_OPEN, "callgate_zone_pair_half_open", GAUGE, LABELS_PAIR, "TCP handshakes that are not over") \
	X(CLASS_PACKETS, "callgate_class_packets_total", COUNTER, LABELS_CLASS, "first packets of flows that matched; class pinholes: let in by one") \
	X(CLASS_BYTES, "callgate_class_bytes_total", COUNTER, LABELS_CLASS, "their bytes") \
	X(CLASS_DROPS, "callgate_class_drops_total", COUNTER, LABELS_CLASS, "of them: dropped, by action or limit") \
	X(CLASS_LIMITED, "callgate_class_limited_total", COUNTER, LABELS_CLASS ", limit", "refused by a limit of the class") \
	X(CLASS_FLOWS, "callgate_class_flows", GAUGE, LABELS_CLASS, "flows in use") \
	X(CLASS_HALF_OPEN, "callgate_class_half_open", GAUGE, LABELS_CLASS, "TCP handshakes that are not over") \
	X(SIP_REQUESTS, "callgate_sip_requests_total", COUNTER, LABELS_ZONES ", method", "requests received, by method") \
	X(SIP_RESPONSES, "callgate_sip_responses_total", COUNTER, LABELS_ZONES ", status", "responses received, by status or class of it") \
	X(SIP_OK, "callgate_sip_ok_responses_total", COUNTER, LABELS_ZONES ", method", "200 received, by the method of the request; they are among the responses, too") \
	X(SIP_ERRORS, "callgate_sip_errors_total", COUNTER, LABELS_ZONES ", error", "what the ALG could not do") \
	X(SIP_MESSAGE_ERRORS, "callgate_sip_message_errors_total", COUNTER, LABELS_ZONES ", error", "messages that are wrong, by kind") \
	X(SIP_SDP_ERRORS, "callgate_sip_sdp_errors_total", COUNTER, LABELS_ZONES ", error", "session descriptions that are wrong, by kind") \
	X(SIP_BODY_ERRORS, "callgate_sip_body_errors_total", COUNTER, LABELS_ZONES ", error", "multipart bodies that are wrong, by kind")
/* clang-format on */

/* Behind them: each event and each SIP event and limit, with the meaning that its own table has. */
enum family {
#define X(id, name, kind, labels, help) FAMILY_##id,
	FAMILIES(X)
#undef X
#define X(id, name, help) FAMILY_EVENT_##id,
		EVENTS(X)
#undef X
#define X(id, name, help) FAMILY_SIP_##id,
			SIP_EVENT_COUNTERS(X) SIP_LIMIT_COUNTERS(X)
#undef X
				FAMILIES_COUNT
};

struct family_text {
	const char *name, *labels, *help;
	enum family_kind kind;
};

/** What there is to say of a family. */
const struct family_text *family_text(enum family family);

const char *family_kind_name(enum family_kind kind);

#endif
