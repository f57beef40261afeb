/* SPDX-License-Identifier: BSD-3-Clause */
#include "call_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <rte_errno.h>

#include "alg/alg_priv.h"
#include "app/callgate/control.h"
#include "app/callgate/worker.h"
#include "core/clock.h"
#include "core/rcu.h"
#include "net/parse.h"

#define CRLF "\r\n"

static const char configuration[] =
	"system: { worker_cores = [0]; file_prefix = \"call_load_%d\"; max_flows = 4096;\n"
	"          max_calls = %u; hugepages = \"%s\"; log: { level = \"warning\"; }; };\n"
	"ports: ( { name = \"lan0\"; driver = \"null\"; }, { name = \"wan0\"; driver = \"null\"; } "
	");\n"
	"interfaces: (\n"
	"  { name = \"lan\"; port = \"lan0\"; addresses = [\"10.0.0.1/8\"]; nat = \"inside\"; },\n"
	"  { name = \"wan\"; port = \"wan0\"; addresses = [\"203.0.113.1/24\"]; nat = \"outside\"; "
	"} );\n"
	"routes: ( { prefix = \"0.0.0.0/0\"; via = \"203.0.113.254\"; } );\n"
	"nat: { pools: ( { name = \"pool\"; addresses = [\"203.0.113.10-203.0.113.%u\"]; } );\n"
	"       rules: ( { kind = \"dynamic\"; inside = [\"10.0.0.0/8\"]; pool = \"pool\";\n"
	"                  overload = true; } ); };\n"
	"sip: { call_proceeding_timeout = %u; media_inactivity_timeout = %u; };\n"
	"telemetry: { enabled = false; };\n";

/*
 * Texts. A letter behind % stands for as many digits as it takes in every call: %i the call (10),
 * %h and %p an inside media host's last two numbers (3.3) and its port (5), %H and %P the outside
 * one's; %o the PBX as the outside sees it.
 */
#define INSIDE_SDP \
	"v=0" CRLF "o=pbx %i 1 IN IP4 10.0.0.7" CRLF "s=-" CRLF "c=IN IP4 10.1.%h" CRLF \
	"t=0 0" CRLF "m=audio %p RTP/AVP 8 101" CRLF "a=rtpmap:8 PCMA/8000" CRLF \
	"a=rtpmap:101 telephone-event/8000" CRLF "a=sendrecv" CRLF
#define OUTSIDE_SDP \
	"v=0" CRLF "o=far %i 1 IN IP4 198.51.100.9" CRLF "s=-" CRLF "c=IN IP4 198.18.%H" CRLF \
	"t=0 0" CRLF "m=audio %P RTP/AVP 8" CRLF "a=rtpmap:8 PCMA/8000" CRLF
#define BODY                              "Content-Type: application/sdp" CRLF "Content-Length: %L" CRLF CRLF
#define NOBODY                            "Content-Length: 0" CRLF CRLF
#define OUT_REQUEST(method, cseq, to_tag) OUT_REQUEST_ON(method, method, cseq, to_tag)
#define OUT_REQUEST_ON(branch, method, cseq, to_tag) \
	method " sip:far@198.51.100.9 SIP/2.0" CRLF \
	       "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK" branch cseq "%i" CRLF \
	       "Max-Forwards: 70" CRLF "From: <sip:near@10.0.0.7>;tag=n%i" CRLF \
	       "To: <sip:far@198.51.100.9>" to_tag CRLF "Call-ID: %i@10.0.0.7" CRLF "CSeq: " cseq \
	       " " method CRLF "Contact: <sip:near@10.0.0.7:5060>" CRLF
#define IN_RESPONSE(status, method, cseq, to_tag) \
	"SIP/2.0 " status CRLF "Via: SIP/2.0/UDP %o;branch=z9hG4bK" method cseq "%i" CRLF \
	"From: <sip:near@%o>;tag=n%i" CRLF "To: <sip:far@198.51.100.9>" to_tag CRLF \
	"Call-ID: %i@10.0.0.7" CRLF "CSeq: " cseq " " method CRLF \
	"Contact: <sip:far@198.51.100.9>" CRLF
#define TAG ";tag=f%i"

static const struct {
	bool outward;
	const char *head, *body;
} messages[LOAD_MESSAGES] = {
	[LOAD_INVITE] = {true, OUT_REQUEST("INVITE", "1", "") BODY, INSIDE_SDP},
	[LOAD_INVITE_AGAIN] = {true, OUT_REQUEST("INVITE", "2", "") BODY, INSIDE_SDP},
	[LOAD_TRYING] = {false, IN_RESPONSE("100 Trying", "INVITE", "1", "") NOBODY, ""},
	[LOAD_RINGING] = {false, IN_RESPONSE("180 Ringing", "INVITE", "1", TAG) NOBODY, ""},
	[LOAD_CHALLENGE] = {false, IN_RESPONSE("407 Who", "INVITE", "1", ";tag=c%i") NOBODY, ""},
	[LOAD_OK] = {false, IN_RESPONSE("200 OK", "INVITE", "1", TAG) BODY, OUTSIDE_SDP},
	[LOAD_OK_AGAIN] = {false, IN_RESPONSE("200 OK", "INVITE", "2", TAG) BODY, OUTSIDE_SDP},
	[LOAD_ACK] = {true, OUT_REQUEST("ACK", "1", TAG) NOBODY, ""},
	[LOAD_BYE] = {true, OUT_REQUEST("BYE", "3", TAG) NOBODY, ""},
	[LOAD_BYE_OK] = {false, IN_RESPONSE("200 OK", "BYE", "3", TAG) NOBODY, ""},
	[LOAD_BYE_OUTSIDE] = {false,
		"BYE sip:near@%o SIP/2.0" CRLF
		"Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKf%i" CRLF
		"From: <sip:far@198.51.100.9>" TAG CRLF "To: <sip:near@%o>;tag=n%i" CRLF
		"Call-ID: %i@10.0.0.7" CRLF "CSeq: 1 BYE" CRLF NOBODY,
		""},
	[LOAD_BYE_OUTSIDE_OK] = {true,
		"SIP/2.0 200 OK" CRLF "Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bKf%i" CRLF
		"From: <sip:far@198.51.100.9>" TAG CRLF "To: <sip:near@10.0.0.7>;tag=n%i" CRLF
		"Call-ID: %i@10.0.0.7" CRLF "CSeq: 1 BYE" CRLF NOBODY,
		""},
	[LOAD_CANCEL] = {true, OUT_REQUEST_ON("INVITE", "CANCEL", "1", "") NOBODY, ""},
	[LOAD_CANCEL_OK] = {false, IN_RESPONSE("200 OK", "CANCEL", "1", TAG) NOBODY, ""},
	[LOAD_CANCELLED] = {false, IN_RESPONSE("487 Gone", "INVITE", "1", TAG) NOBODY, ""},
	[LOAD_BUSY] = {false, IN_RESPONSE("486 Busy", "INVITE", "1", TAG) NOBODY, ""},
	[LOAD_INFO] = {true, OUT_REQUEST("INFO", "2", TAG) NOBODY, ""},
};

enum { PATCHES_MAX = 16 };

/* A text ready but for what differs from call to call. */
struct pattern {
	char text[CALL_LOAD_TEXT_MAX];
	uint32_t length;
	unsigned int count;
	struct {
		uint32_t at;
		char kind;
	} patch[PATCHES_MAX];
};

struct appliance call_load;
static struct options options_none;
static struct pattern patterns[LOAD_MESSAGES];
static struct worker *worker;
static void *trunk[2]; /* outward, back */
static char pbx_outside[32];

static void
must(bool good, const char *what)
{
	if (!good)
		rte_exit(1, "calls from memory: %s\n", what);
}

static void
digits(char *to, unsigned int count, uint32_t number)
{
	while (count-- > 0) {
		to[count] = (char)('0' + number % 10);
		number /= 10;
	}
}

static void
host_write(char *to, uint32_t host)
{
	digits(to, 3, 100 + host / 100);
	to[3] = '.';
	digits(to + 4, 3, 100 + host % 100);
}

static void
patch(char *to, char kind, uint32_t number)
{
	enum { HOSTS = 10000 };

	if (kind == 'i')
		digits(to, 10, number);
	else if (kind == 'h')
		host_write(to, number % HOSTS);
	else if (kind == 'p')
		digits(to, 5, 10000 + 2 * (number / HOSTS % 25000));
	else if (kind == 'H')
		host_write(to, (number + 7) % HOSTS);
	else
		digits(to, 5, 20000 + 2 * (number / HOSTS % 20000));
}

static const char *
placeholder(char kind)
{
	switch (kind) {
	case 'i':
		return "0000000000";
	case 'h':
	case 'H':
		return "000.000";
	case 'p':
	case 'P':
		return "00000";
	default:
		must(kind == 'o', "letter of a text");
		return pbx_outside;
	}
}

static void
pattern_add(struct pattern *pattern, const char *format, uint32_t body_length)
{
	for (const char *c = format; *c; c++) {
		char *end = pattern->text + pattern->length;
		const char *put;

		if (*c != '%') {
			*end = *c;
			pattern->length++;
			continue;
		}
		if (*++c == 'L') {
			pattern->length += (uint32_t)sprintf(end, "%u", body_length);
			continue;
		}
		put = placeholder(*c);
		memcpy(end, put, strlen(put));
		if (*c != 'o') {
			must(pattern->count < PATCHES_MAX, "too many patches");
			pattern->patch[pattern->count].at = pattern->length;
			pattern->patch[pattern->count++].kind = *c;
		}
		pattern->length += (uint32_t)strlen(put);
	}
}

static void
patterns_make(void)
{
	for (unsigned int i = 0; i < LOAD_MESSAGES; i++) {
		struct pattern body = {.length = 0};

		pattern_add(&body, messages[i].body, 0);
		patterns[i] = (struct pattern){.length = 0};
		pattern_add(&patterns[i], messages[i].head, body.length);
		pattern_add(&patterns[i], messages[i].body, 0);
	}
}

uint32_t
call_load_text(char *text, enum load_message message, uint32_t number)
{
	const struct pattern *pattern = &patterns[message];

	memcpy(text, pattern->text, pattern->length);
	for (unsigned int i = 0; i < pattern->count; i++)
		patch(text + pattern->patch[i].at, pattern->patch[i].kind, number);
	return pattern->length;
}

bool
call_load_outward(enum load_message message)
{
	return messages[message].outward;
}

int
call_load_process(char *text, uint32_t length, enum load_message message,
	const struct hash128 *call_id, const struct alg_lead *lead)
{
	void *data = trunk[messages[message].outward ? 0 : 1];
	unsigned int out = messages[message].outward ? 1 : 0;
	struct alg_message alg_message = {
		.text = text,
		.length = length,
		.capacity = CALL_LOAD_TEXT_MAX,
		.call_id = call_id,
		.lead = lead,
		.flow = flow_of_data(data),
		.direction = flow_direction_of_data(data),
		.source_realm = call_load.interfaces->entry[1 - out].realm,
		.destination_realm = call_load.interfaces->entry[out].realm,
	};

	return alg_message_process(&worker->thread, worker->alg, &alg_message);
}

void
call_load_send(enum load_message message, uint32_t number)
{
	char text[CALL_LOAD_TEXT_MAX];
	uint32_t length = call_load_text(text, message, number);
	int verdict = call_load_process(text, length, message, NULL, NULL);

	if (verdict != ALG_FORWARD)
		rte_exit(1, "calls from memory: message %u of call %u dropped as %d\n", message,
			number, verdict);
	rcu_quiescent(0);
}

/* Packets of the trunk keep its flow alive. */
static void
trunk_seen(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct flow_path *path =
			&flow_of_data(trunk[i])->path[flow_direction_of_data(trunk[i])];

		atomic_store_explicit(
			&path->last_seen_s, worker->thread.now_s, memory_order_relaxed);
	}
}

static void
mail_read(void)
{
	rcu_online(0);
	while (worker_turn(worker) > 0)
		;
	rcu_online(0);
	rcu_quiescent(0);
}

/* Every call that is due is told so, in steps that the mailbox holds. */
static void
calls_due(void)
{
	const uint32_t high = worker->alg->calls.capacity;

	thread_refresh_clock(&call_load.control);
	for (uint32_t i = 0; i <= high; i += MAILBOX_SIZE / 2) {
		rcu_online(THREAD_CONTROL);
		alg_sweep(&call_load.control, call_load.alg, call_load.mailbox, MAILBOX_SIZE / 2);
		rcu_offline(THREAD_CONTROL);
		mail_read();
	}
}

static void
time_move(uint32_t milliseconds)
{
	clock_set_ms(clock_now_ms() + milliseconds);
	calls_due();
	control_pass(&call_load);
	mail_read();
}

void
call_load_time(uint32_t milliseconds)
{
	trunk_seen();
	time_move(milliseconds);
}

void
call_load_clear(void)
{
	const struct mail mail = {.kind = ALG_MAIL_CLEAR_CALLS};

	must(mailbox_post(call_load.mailbox[0], &mail) == 0, "mailbox");
	mail_read();
	call_load_time(0);
}

bool
call_load_empty(void)
{
	const struct alg_worker *alg = worker->alg;
	const struct config *config = call_load.config;

	for (int i = 0; i < 6; i++)
		time_move(config->nat.timeout_udp * 1000 + 40000);
	printf("left: %u calls, %u records, %u dialogs, %u sets, %u openings, %u pinholes, "
	       "%u doors, %u bindings, %u ports, %u flows\n",
		alg_call_count(call_load.alg), alg->calls.used, alg->dialogs.used, alg->sets.used,
		alg->openings.used, pool_used(pinhole_pool(call_load.pinholes)),
		nat_doors(call_load.nat), pool_used(nat_binding_pool(call_load.nat)),
		nat_ports_used(call_load.nat), pool_used(flow_pool(call_load.flows)));
	return alg_call_count(call_load.alg) + alg->calls.used + alg->dialogs.used +
			       alg->sets.used + alg->openings.used +
			       pool_used(pinhole_pool(call_load.pinholes)) +
			       nat_doors(call_load.nat) +
			       pool_used(nat_binding_pool(call_load.nat)) +
			       nat_ports_used(call_load.nat) +
			       pool_used(flow_pool(call_load.flows)) +
			       (uint32_t)rte_hash_count(alg->table) ==
		       0 &&
	       sip_statistics_sum(call_load.alg, SIP_COUNT_CALL_MADE) ==
		       sip_statistics_sum(call_load.alg, SIP_COUNT_CALL_ENDED) &&
	       sip_statistics_sum(call_load.alg, SIP_COUNT_MEDIA_OPENED) ==
		       sip_statistics_sum(call_load.alg, SIP_COUNT_MEDIA_CLOSED);
}

size_t
call_load_resident(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t kilobytes, sum = 0;
	char line[128];

	must(file != NULL, "/proc/self/status");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %zu kB", &kilobytes) == 1 ||
			sscanf(line, "RssShmem: %zu kB", &kilobytes) == 1)
			sum += kilobytes;
	fclose(file);
	return sum * 1024;
}

static void
fault_print(void *context, const struct config_fault *fault)
{
	char line[512];

	config_fault_format(line, sizeof(line), fault);
	fprintf(stderr, "%s\n", line);
}

static void
config_make(const struct call_load_options *options)
{
	char path[] = "/tmp/call_load_XXXXXX";
	int file = mkstemp(path);

	must(file >= 0 && dprintf(file, configuration, getpid(), options->max_calls,
				  options->hugepages, 10 + options->addresses - 1,
				  options->ringing_s, options->silence_s) > 0,
		"configuration is not written");
	close(file);
	call_load.config = config_load(path, fault_print, NULL);
	unlink(path);
	must(call_load.config != NULL, "configuration");
}

/* The PBX and its provider: a flow as the pipeline makes it. */
static void
trunk_make(void)
{
	struct endpoint pbx = {inet_addr("10.0.0.7"), htons(5060), IPPROTO_UDP};
	in_addr_t provider = inet_addr("198.51.100.9");
	struct flow_template template = {.ops = {FLOW_SIP_UDP, FLOW_SIP_UDP}};
	struct binding *binding;

	must(binding_get(&worker->thread, call_load.nat, &pbx, &binding) == 0, "binding");
	template.key[0] = (struct flow_key){pbx.address, provider, pbx.port, htons(5060),
		IPPROTO_UDP, call_load.interfaces->entry[0].realm, 0};
	template.key[1] = (struct flow_key){provider, binding->outside.address, htons(5060),
		binding->outside.port, IPPROTO_UDP, call_load.interfaces->entry[1].realm, 0};
	template.owner[FLOW_OWNER_SOURCE] = &binding->flows;
	must(flow_create(&worker->thread, call_load.flows, &template, &trunk[0]) == 0, "flow");
	trunk[1] = flow_lookup(call_load.flows, &template.key[1], flow_key_hash(&template.key[1]));
	snprintf(pbx_outside, sizeof(pbx_outside), "%s:%u",
		inet_ntoa((struct in_addr){binding->outside.address}),
		ntohs(binding->outside.port));
}

void
call_load_start(const struct call_load_options *options)
{
	config_make(options);
	call_load.options = &options_none;
	call_load.workers = 1;
	call_load.memory_mb = (unsigned int)(appliance_memory(call_load.config) >> 20) + 1;
	must(eal_start(&call_load) == 0 && appliance_up(&call_load) == 0 &&
			rcu_thread_register(0) == 0,
		"appliance does not come up");
	clock_init(true);
	worker = call_load.worker[0];
	thread_refresh_clock(&worker->thread);
	thread_refresh_clock(&call_load.control);
	rcu_online(0);
	trunk_make();
	patterns_make();
}

void
call_load_stop(void)
{
	rcu_offline(0);
	appliance_down(&call_load);
	rte_eal_cleanup();
	config_free(call_load.config);
}
