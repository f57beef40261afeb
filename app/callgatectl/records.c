/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include "records.h"
#include "telemetry.h"

enum {
	PAUSE_MS = 50, /* between two questions while there is nothing */
	REQUEST_SIZE = 100,
};

bool
records_meant(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--socket") == 0)
			i++;
		else if (argv[i][0] != '-')
			return strcmp(argv[i], word) == 0;
	}
	return false;
}

bool
records_number(unsigned long *number, const char *text)
{
	char *end;

	*number = strtoul(text, &end, 10);
	return *text >= '1' && *text <= '9' && *end == '\0' && *number <= 1000000000;
}

bool
records_option(struct records *records, int option, const char *value)
{
	switch (option) {
	case 's':
		records->path = value;
		return true;
	case 'j':
		records->json = true;
		return true;
	case 'p':
		records->file = value;
		return true;
	case 'c':
		return records_number(&records->count, value);
	case 't':
		return records_number(&records->seconds, value);
	default:
		return false;
	}
}

/* What is in it may be nobody else's business. */
static bool
file_open(struct records *records)
{
	const char *name = records->file;
	int fd;

	if (strcmp(name, "-") == 0) {
		records->stream = stdout;
	} else {
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		records->stream = fd < 0 ? NULL : fdopen(fd, "wb");
	}
	if (records->stream != NULL)
		records->pcapng = pcapng_begin(records->stream);
	if (records->pcapng != NULL)
		return true;
	fprintf(stderr, "callgatectl: %s: %s\n", name, strerror(errno));
	return false;
}

bool
records_open(struct records *records)
{
	sigset_t signals;

	/* None cuts an answer short; they are looked for between questions. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	records->fd = telemetry_connect(records->path);
	records->failed = records->fd < 0 || (records->file != NULL && !file_open(records));
	return !records->failed;
}

/* The answer, or NULL after a line that says why there is none. */
static json_t *
ask(struct records *records, const char *command)
{
	json_t *answer = telemetry_ask(records->fd, command, 0);
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (answer != NULL && error == NULL)
		return answer;
	if (error != NULL)
		fprintf(stderr, "callgatectl: %s\n", error);
	json_decref(answer);
	records->failed = true;
	return NULL;
}

json_t *
records_start(struct records *records, const char *request)
{
	json_t *answer = ask(records, request);

	records->token = json_integer_value(json_object_get(answer, "trace"));
	return answer;
}

static bool
counted_out(const struct records *records)
{
	return records->count != 0 && records->taken >= records->count;
}

/* Every whole record that has come. */
static void
records_take(struct records *records)
{
	const struct trace_record *first = (const struct trace_record *)records->bytes;

	while (!counted_out(records) && records->used >= TRACE_UNIT &&
		records->used >= first->length) {
		switch (records->write(records)) {
		case RECORDS_WRITTEN:
			break;
		case RECORDS_STRANGE:
			fprintf(stderr, "callgatectl: not a record of this version\n");
			records->failed = true;
			return;
		case RECORDS_FAILED:
			fprintf(stderr, "callgatectl: %s: %s\n", records->file, strerror(errno));
			records->failed = true;
			return;
		}
		records->taken++;
		records->used -= first->length;
		memmove(records->bytes, records->bytes + first->length, records->used);
	}
	if (fflush(records->stream != NULL ? records->stream : stdout) != 0)
		records->failed = true; /* nobody reads any more */
}

/* Behind what has come already. False: it is no base64, or too much. */
static bool
text_decode(struct records *records, const char *text)
{
	uint32_t word = 0;
	unsigned int bits = 0;

	for (; *text != '\0' && *text != '='; text++) {
		const char c = *text;
		int digit = c >= 'A' && c <= 'Z'   ? c - 'A'
			    : c >= 'a' && c <= 'z' ? c - 'a' + 26
			    : c >= '0' && c <= '9' ? c - '0' + 52
			    : c == '+'             ? 62
			    : c == '/'             ? 63
						   : -1;

		if (digit < 0)
			return false;
		word = word << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (records->used == sizeof(records->bytes))
				return false;
			records->bytes[records->used++] = (uint8_t)(word >> bits);
		}
	}
	return true;
}

/* One question. Returns whether there may be more at once. */
static bool
read_page(struct records *records)
{
	char request[REQUEST_SIZE];
	json_t *answer, *texts;
	bool more;

	snprintf(request, sizeof(request), "/callgate/trace/read,%" JSON_INTEGER_FORMAT,
		records->token);
	answer = ask(records, request);
	if (answer == NULL)
		return false;
	texts = json_object_get(answer, "records");
	for (size_t i = 0; i < json_array_size(texts); i++) {
		const char *text = json_string_value(json_array_get(texts, i));

		if (text == NULL || !text_decode(records, text)) {
			fprintf(stderr, "callgatectl: not a record of this version\n");
			records->failed = true;
			break;
		}
	}
	records->lost = json_integer_value(json_object_get(answer, "lost"));
	more = json_array_size(texts) > 0;
	json_decref(answer);
	if (!records->failed)
		records_take(records);
	return more && !records->failed;
}

static bool
time_is_over(const struct records *records, const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return records->seconds != 0 &&
	       now.tv_sec - begun->tv_sec - (now.tv_nsec < begun->tv_nsec) >=
		       (time_t)records->seconds;
}

void
records_run(struct records *records)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000}, none = {0};
	char request[REQUEST_SIZE];
	struct timespec begun;
	sigset_t signals;
	bool more = false;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (!records->failed && !counted_out(records) && !time_is_over(records, &begun) &&
		sigtimedwait(&signals, NULL, more ? &none : &pause) < 0)
		more = read_page(records);
	/* What came before the end; no more than there was then, or it would never end. */
	for (int i = 0; i < 128 && !records->failed && !counted_out(records) && read_page(records);
		i++)
		;
	if (records->failed)
		return;
	snprintf(request, sizeof(request), "/callgate/trace/stop,%" JSON_INTEGER_FORMAT,
		records->token);
	json_decref(ask(records, request));
}

int
records_close(struct records *records)
{
	if (records->token != 0 && (records->file != NULL || records->lost > 0))
		fprintf(stderr, "callgatectl: %lu %s, %lld lost\n", records->taken, records->noun,
			(long long)records->lost);
	if (records->stream != NULL && fclose(records->stream) != 0)
		records->failed = true;
	pcapng_free(records->pcapng);
	if (records->fd >= 0)
		close(records->fd);
	return records->failed ? 1 : 0;
}
