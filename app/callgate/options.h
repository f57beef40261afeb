/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line. Names are part of the interface (docs/usage).
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/limits.h"

enum options_mode { MODE_RUN, MODE_CHECK, MODE_REPLAY, MODE_HELP, MODE_VERSION };

/* One capture to replay and the port its packets arrive on. */
struct replay_input {
	const char *file;
	const char *port;
};

struct options {
	enum options_mode mode;
	const char *config_file;
	unsigned int replay_count;
	struct replay_input replay[PORTS_MAX];
	const char *replay_out; /* directory */
	bool replay_answer_arp; /* the replay answers callgate's ARP requests itself (default) */
	unsigned int drain_s; /* virtual seconds to run on after the last packet */
	uint64_t seed; /* replay: key of every random choice */
};

/** Read argv. 0, or -EINVAL after a line on standard error that says what is wrong. */
int options_parse(int argc, char **argv, struct options *options);
void options_print_help(void);

#endif
