/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * import-ios on every text: a configuration comes out, lib/config finds no fault in it, and every
 * message is about a line that the text has.
 */
#include "app/callgatectl/ios_import.h"
#include "config/config.h"
#include "test/fuzz/harness.h"

#include <sys/mman.h>
#include <unistd.h>

static const char *const seeds[] = {
	"Device> enable\nDevice# configure terminal\nDevice(config)# ip nat service sip tcp port "
	"5060\n"
	"Device(config)# end\n",
	"class-map type inspect match-any sip-class1\n  match protocol sip\n  !\n"
	"policy-map type inspect sip-policy\n  class type inspect sip-class1\n    inspect\n  !\n"
	"class class-default\n",
	"zone security zone1\n!\nzone security zone2\n!\n"
	"zone-pair security in-out source zone1 destination zone2\n"
	"  service-policy type inspect sip-policy\n!\ninterface gigabitethernet 0/0/0\n"
	"  zone security zone1\n!\ninterface gigabitethernet 0/1/1\n  zone security zone2\n",
	"interface Gi0/0/0\n ip address 10.0.0.1 255.255.255.0\n ip address 10.0.1.1 255.255.255.0 "
	"secondary\n ip nat inside\n zone-member security a\n ip mtu 1400\n ip tcp adjust-mss "
	"1300\n"
	"interface Gi0/0/1.10\n encapsulation dot1Q 10\n ip address 203.0.113.2 255.255.255.240\n"
	" ip nat outside\nip nat pool P 203.0.113.8 203.0.113.11 netmask 255.255.255.240\n"
	"ip nat inside source list 10 interface Gi0/0/1.10 overload\n"
	"ip nat inside source list L pool P\n"
	"ip nat inside source static 10.0.0.5 203.0.113.5\n"
	"ip nat inside source static udp 10.0.0.6 5060 interface Gi0/0/1.10 5070\n"
	"ip nat translation udp-timeout 600\nno ip nat service sip\n"
	"ip route 0.0.0.0 0.0.0.0 203.0.113.1\n"
	"access-list 10 permit 10.0.0.0 0.0.0.255\nip access-list extended L\n"
	" 10 deny ip 10.0.1.0 0.0.0.255 object-group G\n 20 permit ip 10.0.1.0 0.0.254.255 any\n"
	" no 10\nobject-group network G\n host 198.51.100.1\n range 198.51.100.5 198.51.100.90\n"
	" 192.0.2.0 /25\n group-object G\n",
	"access-list 101 permit tcp any gt 1023 host 192.0.2.1 eq 22 www\n"
	"access-list 101 deny udp 10.0.0.0 0.255.255.255 range 1 9 any neq snmp log\n"
	"class-map type inspect match-all c\n match access-group 101\n match not protocol tcp\n"
	" match class-map d\nclass-map type inspect match-any d\n match protocol dns\n"
	" match class-map c\npolicy-map type inspect p\n class type inspect c\n  drop log\n"
	" class type inspect d\n  pass\n class class-default\n  inspect\nzone security a\n"
	"zone-pair security x source a destination self\n service-policy type inspect p\n"
	"zone-pair security y source a destination default\n service-policy type inspect p\n"
	"banner motd ^C\nhello\n^C\nno zone security a\n",
	"R(config)#int g0/0\r\r\nR(config-if)#zone-member security a\n% no such zone\n"
	"R(config-if)#ip addr 10.0.0.1 255.255.255.0\n --More-- \b\b\b\b\b\b\b\b\b  \b\b"
	"router ospf 1\nR(config-if)#shut\nR(config)#banner motd #\nEnter TEXT message.  End "
	"with the character '#'.\nx\n#\nR(config)#zone-pair security x source a destination "
	"self\nR(config-sec-zone-pair)#service-policy type inspect gone\n",
	"object-group network G\n host 198.51.100.1\n any\nobject-group network H\n group-object "
	"G\n"
	"ip access-list extended A\n permit ip object-group H any\n evaluate B\n"
	"ip access-list extended N\n deny ip any object-group H\n deny ip object-group H any\n"
	" permit ip 10.0.0.0 0.0.1.255 any\n permit tcp 10.1.0.0 0.0.1.255 any eq www\n"
	"ip nat inside source list N interface Gi0/1 overload\ninterface Gi0/1\n ip address "
	"10.0.1.1 255.255.255.0 secondary\n ip address 10.0.0.1 255.255.255.0\n ip nat outside\n"
	"class-map type inspect match-all c\n match access-group name A\n match not class-map d\n"
	"class-map type inspect match-any d\n match protocol gone\n match not access-group name N\n"
	"policy-map type inspect p\n class type inspect d\n  inspect\n class type inspect c\n"
	"  drop\n class class-default\n  inspect\nzone security a\nzone security b\n"
	"zone-pair security x source a destination b\n service-policy type inspect p\n",
};

static const char *const words[] = {"\n", "\n ", "\n!\n", " ", "no ", "ip ", "interface ",
	"interface Gi0/0/0", "interface te0/1/0.7", "zone ", "zone security a\n", "any ", "host ",
	"\b", "--More-- ", "inspect\n", "evaluate x\n", "vrf forwarding x\n", "10.0.0.0 ",
	"0.0.0.0 ", "255.255.255.255 ", "255.255.255.0", "0.0.255.0 ", "203.0.113.9 ", "permit ",
	"deny ", "eq ", "range ", "65535 ", "0 ", "4294967296 ", "-1 ", "class-map ",
	"class-default", "self", "default", "\"", "\\", "\t", "\r\n", "banner exec #", "exit\n",
	"end\n", "match ", "not ", "protocol sip\n", "object-group ", "secondary", "overload",
	"pool ", "static ", "tcp ", "udp ", "interface ", "x(config-if)# ", "dot1q ", "shutdown\n"};

const struct fuzz_harness fuzz_harness = {
	seeds, FUZZ_COUNT(seeds), words, FUZZ_COUNT(words), 60, 2500};

static void
fault_print(void *context, const struct config_fault *fault)
{
	fprintf(stderr, "%d: %s: %s\n", fault->line, fault->path, fault->text);
}

static void
configuration_check(const char *text, size_t size)
{
	const int file = memfd_create("fuzz", 0);
	struct config *config;
	char path[64];

	PROPERTY(file >= 0 && write(file, text, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	config = config_load(path, fault_print, NULL);
	PROPERTY(config != NULL);
	config_free(config);
	close(file);
}

static void
messages_check(const char *text, const uint8_t *data, size_t size)
{
	unsigned long lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
		PROPERTY(strncmp(at, "fuzz:", 5) == 0 && strchr(at, '\n') != NULL);
		PROPERTY(at[5] == ' ' || strtoul(at + 5, NULL, 10) <= lines);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ios_import import = {.name = "fuzz", .text = (const char *)data, .size = size};
	size_t text_size, said_size;
	FILE *out, *messages;
	char *text, *said;

	out = open_memstream(&text, &text_size);
	messages = open_memstream(&said, &said_size);
	PROPERTY(out != NULL && messages != NULL);
	PROPERTY(ios_import(&import, out, messages) == 0);
	fclose(out);
	fclose(messages);
	configuration_check(text, text_size);
	messages_check(said, data, size);
	free(text);
	free(said);
	return 0;
}
