/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>

#include "ios_word.h"

enum { ABBREVIATION_MIN = 2, NUMBER_DIGITS_MAX = 10, INTERFACE_NUMBER_MAX = 32 };

/* The first that the letters begin is meant, so the usual one of a letter pair stands first. */
static const struct {
	const char *name;
	bool ethernet;
} interface_kinds[] = {
	{"gigabitethernet", true},
	{"tengigabitethernet", true},
	{"fastethernet", true},
	{"ethernet", true},
	{"twentyfivegige", true},
	{"twogigabitethernet", true},
	{"fivegigabitethernet", true},
	{"fortygigabitethernet", true},
	{"hundredgige", true},
	{"port-channel", true},
	{"loopback", false},
	{"tunnel", false},
	{"vlan", false},
	{"bdi", false},
	{"bvi", false},
	{"dialer", false},
	{"serial", false},
	{"null", false},
	{"virtual-template", false},
	{"virtual-ppp", false},
	{"virtual-access", false},
	{"virtualportgroup", false},
	{"multilink", false},
	{"cellular", false},
	{"atm", false},
	{"pos", false},
	{"async", false},
	{"nve", false},
};

/* Names that IOS prints instead of numbers in access lists; 1: TCP, 2: UDP, 3: both. */
static const struct {
	const char *name;
	uint8_t protocols;
	uint16_t port;
} port_names[] = {
	{"bgp", 1, 179},
	{"biff", 2, 512},
	{"bootpc", 2, 68},
	{"bootps", 2, 67},
	{"chargen", 1, 19},
	{"cmd", 1, 514},
	{"daytime", 1, 13},
	{"discard", 3, 9},
	{"dnsix", 2, 195},
	{"domain", 3, 53},
	{"echo", 3, 7},
	{"exec", 1, 512},
	{"finger", 1, 79},
	{"ftp", 1, 21},
	{"ftp-data", 1, 20},
	{"gopher", 1, 70},
	{"hostname", 1, 101},
	{"https", 1, 443},
	{"ident", 1, 113},
	{"irc", 1, 194},
	{"isakmp", 2, 500},
	{"klogin", 1, 543},
	{"kshell", 1, 544},
	{"ldp", 3, 646},
	{"login", 1, 513},
	{"lpd", 1, 515},
	{"mobile-ip", 2, 434},
	{"msrpc", 1, 135},
	{"nameserver", 2, 42},
	{"netbios-dgm", 2, 138},
	{"netbios-ns", 2, 137},
	{"netbios-ss", 2, 139},
	{"nntp", 1, 119},
	{"non500-isakmp", 2, 4500},
	{"ntp", 2, 123},
	{"pim-auto-rp", 3, 496},
	{"pop2", 1, 109},
	{"pop3", 1, 110},
	{"rip", 2, 520},
	{"smtp", 1, 25},
	{"snmp", 2, 161},
	{"snmptrap", 2, 162},
	{"sunrpc", 3, 111},
	{"syslog", 3, 514},
	{"tacacs", 3, 49},
	{"talk", 3, 517},
	{"telnet", 1, 23},
	{"tftp", 2, 69},
	{"time", 3, 37},
	{"uucp", 1, 540},
	{"who", 2, 513},
	{"whois", 1, 43},
	{"www", 1, 80},
	{"xdmcp", 2, 177},
};

const char *
ios_peek(const struct ios_words *words)
{
	return words->at < words->line->count ? words->line->words[words->at] : NULL;
}

const char *
ios_next(struct ios_words *words)
{
	return words->at < words->line->count ? words->line->words[words->at++] : NULL;
}

bool
ios_done(const struct ios_words *words)
{
	return words->at == words->line->count;
}

bool
ios_take(struct ios_words *words, const char *keywords)
{
	const unsigned int at = words->at;
	size_t length, full;
	const char *word;

	for (; *keywords != '\0'; keywords += full, keywords += strspn(keywords, " ")) {
		full = strcspn(keywords, " ");
		word = ios_next(words);
		length = word == NULL ? 0 : strlen(word);
		if (length > full || (length < ABBREVIATION_MIN && length != full) ||
			strncasecmp(word, keywords, length) != 0) {
			words->at = at;
			return false;
		}
	}
	return true;
}

static bool
number_parse(const char *text, unsigned int least, unsigned int most, unsigned int *number)
{
	unsigned long long value;
	const size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > NUMBER_DIGITS_MAX || text[digits] != '\0')
		return false;
	value = strtoull(text, NULL, 10);
	if (value < least || value > most)
		return false;
	*number = (unsigned int)value;
	return true;
}

bool
ios_take_number(
	struct ios_words *words, unsigned int least, unsigned int most, unsigned int *number)
{
	const char *word = ios_peek(words);

	if (word == NULL || !number_parse(word, least, most, number))
		return false;
	words->at++;
	return true;
}

bool
ios_take_address(struct ios_words *words, uint32_t *address)
{
	const char *word = ios_peek(words);
	struct in_addr parsed;

	if (word == NULL || inet_pton(AF_INET, word, &parsed) != 1)
		return false;
	*address = ntohl(parsed.s_addr);
	words->at++;
	return true;
}

bool
ios_take_mask(struct ios_words *words, unsigned int *length)
{
	const unsigned int at = words->at;
	uint32_t mask;

	if (!ios_take_address(words, &mask))
		return false;
	if ((~mask & (~mask + 1)) != 0) {
		words->at = at;
		return false;
	}
	*length = mask == 0 ? 0 : (unsigned int)__builtin_popcount(mask);
	return true;
}

bool
ios_take_port(struct ios_words *words, bool tcp, uint16_t *port)
{
	const char *word = ios_peek(words);
	unsigned int number;

	if (word == NULL)
		return false;
	if (number_parse(word, 0, UINT16_MAX, &number)) {
		*port = (uint16_t)number;
		words->at++;
		return true;
	}
	for (size_t i = 0; i < sizeof(port_names) / sizeof(port_names[0]); i++) {
		if (strcasecmp(word, port_names[i].name) == 0 &&
			(port_names[i].protocols & (tcp ? 1 : 2)) != 0) {
			*port = port_names[i].port;
			words->at++;
			return true;
		}
	}
	return false;
}

bool
ios_take_interface(struct ios_words *words, char name[IOS_INTERFACE_NAME_MAX], bool *ethernet)
{
	const unsigned int at = words->at;
	const char *word = ios_next(words), *number;
	size_t letters, digits;

	letters = word == NULL ? 0 : strcspn(word, "0123456789");
	number = letters == 0 || word[letters] != '\0' ? word : ios_next(words);
	if (number == NULL || letters == 0)
		goto fail;
	if (number == word)
		number += letters;
	digits = strspn(number, "0123456789/:.");
	if (!isdigit((unsigned char)*number) || number[digits] != '\0' ||
		digits > INTERFACE_NUMBER_MAX)
		goto fail;
	for (size_t i = 0; i < sizeof(interface_kinds) / sizeof(interface_kinds[0]); i++) {
		if (letters > strlen(interface_kinds[i].name) ||
			strncasecmp(word, interface_kinds[i].name, letters) != 0)
			continue;
		snprintf(name, IOS_INTERFACE_NAME_MAX, "%s%s", interface_kinds[i].name, number);
		*ethernet = interface_kinds[i].ethernet;
		return true;
	}
fail:
	words->at = at;
	return false;
}

void
ios_address_format(uint32_t address, char text[IOS_ADDRESS_TEXT_MAX])
{
	snprintf(text, IOS_ADDRESS_TEXT_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		address >> 8 & 0xff, address & 0xff);
}
