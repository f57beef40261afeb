/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of services, by their IANA ports. */
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include "service_priv.h"

const struct service service_table[] = {
	{"sip", 0, 0, "SIP on the ports of `nat.sip`"},
	{"tcp", IPPROTO_TCP, 0, "any TCP"},
	{"udp", IPPROTO_UDP, 0, "any UDP"},
	{"icmp", IPPROTO_ICMP, 0, "any ICMP"},
	{"bgp", IPPROTO_TCP, 179, "Border Gateway Protocol"},
	{"citrix", IPPROTO_TCP, 1494, "Citrix ICA"},
	{"dhcp", IPPROTO_UDP, 67, "DHCP, to the server"},
	{"dhcp-client", IPPROTO_UDP, 68, "DHCP, to the client"},
	{"dns", 0, 53, "Domain Name System"},
	{"finger", IPPROTO_TCP, 79, "Finger"},
	{"ftp", IPPROTO_TCP, 21, "FTP, control connection"},
	{"ftps", IPPROTO_TCP, 990, "FTP over TLS, control connection"},
	{"h225ras", IPPROTO_UDP, 1719, "H.323, to the gatekeeper"},
	{"h323", IPPROTO_TCP, 1720, "H.323 call signalling"},
	{"http", IPPROTO_TCP, 80, "HTTP"},
	{"https", IPPROTO_TCP, 443, "HTTP over TLS"},
	{"ident", IPPROTO_TCP, 113, "Identification Protocol"},
	{"imap", IPPROTO_TCP, 143, "IMAP"},
	{"imaps", IPPROTO_TCP, 993, "IMAP over TLS"},
	{"isakmp", IPPROTO_UDP, 500, "IKE key exchange"},
	{"ipsec-nat-t", IPPROTO_UDP, 4500, "IPsec through NAT"},
	{"kerberos", 0, 88, "Kerberos"},
	{"l2tp", IPPROTO_UDP, 1701, "L2TP"},
	{"ldap", IPPROTO_TCP, 389, "LDAP"},
	{"ldaps", IPPROTO_TCP, 636, "LDAP over TLS"},
	{"mgcp", IPPROTO_UDP, 2427, "MGCP, to the gateway"},
	{"microsoft-ds", 0, 445, "SMB without NetBIOS"},
	{"ms-sql", IPPROTO_TCP, 1433, "Microsoft SQL Server"},
	{"msrpc", IPPROTO_TCP, 135, "Microsoft RPC, endpoint mapper"},
	{"mysql", IPPROTO_TCP, 3306, "MySQL"},
	{"netbios-dgm", IPPROTO_UDP, 138, "NetBIOS datagrams"},
	{"netbios-ns", IPPROTO_UDP, 137, "NetBIOS names"},
	{"netbios-ssn", IPPROTO_TCP, 139, "NetBIOS sessions"},
	{"nfs", 0, 2049, "NFS"},
	{"nntp", IPPROTO_TCP, 119, "NNTP"},
	{"ntp", IPPROTO_UDP, 123, "Network Time Protocol"},
	{"pop3", IPPROTO_TCP, 110, "POP3"},
	{"pop3s", IPPROTO_TCP, 995, "POP3 over TLS"},
	{"postgresql", IPPROTO_TCP, 5432, "PostgreSQL"},
	{"pptp", IPPROTO_TCP, 1723, "PPTP, control connection"},
	{"radius", IPPROTO_UDP, 1812, "RADIUS authentication"},
	{"radius-accounting", IPPROTO_UDP, 1813, "RADIUS accounting"},
	{"rdp", IPPROTO_TCP, 3389, "Remote Desktop"},
	{"rtsp", IPPROTO_TCP, 554, "RTSP"},
	{"sip-tls", IPPROTO_TCP, 5061, "`sips` by its name on IOS"},
	{"sips", IPPROTO_TCP, 5061, "SIP over TLS: not readable, so without the ALG"},
	{"skinny", IPPROTO_TCP, 2000, "Skinny (SCCP), without an ALG"},
	{"smtp", IPPROTO_TCP, 25, "SMTP"},
	{"snmp", IPPROTO_UDP, 161, "SNMP"},
	{"snmptrap", IPPROTO_UDP, 162, "SNMP traps"},
	{"socks", IPPROTO_TCP, 1080, "SOCKS"},
	{"sqlnet", IPPROTO_TCP, 1521, "Oracle SQL*Net"},
	{"ssh", IPPROTO_TCP, 22, "SSH"},
	{"stun", 0, 3478, "STUN and TURN"},
	{"submission", IPPROTO_TCP, 587, "SMTP submission"},
	{"sunrpc", 0, 111, "ONC RPC, port mapper"},
	{"syslog", IPPROTO_UDP, 514, "syslog"},
	{"tacacs", IPPROTO_TCP, 49, "TACACS+"},
	{"telnet", IPPROTO_TCP, 23, "Telnet"},
	{"tftp", IPPROTO_UDP, 69, "TFTP"},
	{"whois", IPPROTO_TCP, 43, "whois"},
	{"x11", IPPROTO_TCP, 6000, "X11, first display"},
};

const unsigned int service_count = sizeof(service_table) / sizeof(service_table[0]);

const struct service *
service_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < service_count; i++)
		if (strcmp(service_table[i].name, name) == 0)
			return &service_table[i];
	return NULL;
}

void
service_names_text(char *buffer, size_t size)
{
	size_t used = 0;
	unsigned int i;

	buffer[0] = '\0';
	for (i = 0; i < service_count && used < size; i++)
		used += (size_t)snprintf(
			buffer + used, size - used, "%s%s", i ? ", " : "", service_table[i].name);
}
