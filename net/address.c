/* The table of address ranges that are none to connect to. */
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net/address.h"

#define NO_INNER	(-1)

static const struct range4 {
	uint8_t		 net[4];
	unsigned	 bits;
	const char	*word;
} address_ranges4[] = {
	{ { 0 },		8,  "unspecified" },
	{ { 10 },		8,  "private" },
	{ { 100, 64 },		10, "carrier-grade NAT" },
	{ { 127 },		8,  "loopback" },
	{ { 169, 254 },		16, "link-local" },
	{ { 172, 16 },		12, "private" },
	{ { 192, 0, 0 },	24, "reserved for protocols" },
	{ { 192, 0, 2 },	24, "for documentation" },
	{ { 192, 88, 99 },	24, "a 6to4 relay" },
	{ { 192, 168 },		16, "private" },
	{ { 198, 18 },		15, "for benchmarks" },
	{ { 198, 51, 100 },	24, "for documentation" },
	{ { 203, 0, 113 },	24, "for documentation" },
	{ { 224 },		4,  "multicast" },
	{ { 255, 255, 255, 255 }, 32, "broadcast" },
	{ { 240 },		4,  "reserved" },
};

/* Where inner is set, the IPv4 address from that byte on decides. */
static const struct range6 {
	uint8_t		 net[16];
	unsigned	 bits;
	int		 inner;
	const char	*word;
} address_ranges6[] = {
	{ { 0 },		128, NO_INNER, "unspecified" },
	{ { [15] = 1 },		128, NO_INNER, "loopback" },
	{ { [10] = 0xff, 0xff }, 96, 12,       NULL },
	{ { 0 },		96,  NO_INNER, "an IPv4-compatible address" },
	{ { 0, 0x64, 0xff, 0x9b }, 96, 12,     NULL },
	{ { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48, NO_INNER, "local NAT64" },
	{ { 1 },		64,  NO_INNER, "discarded" },
	{ { 0x20, 0x01 },	23,  NO_INNER, "reserved for protocols" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, NO_INNER, "for documentation" },
	{ { 0x20, 0x02 },	16,  2,	       NULL },
	{ { 0x3f, 0xff },	20,  NO_INNER, "for documentation" },
	{ { 0x5f },		16,  NO_INNER, "segment routing" },
	{ { 0xfc },		7,   NO_INNER, "private" },
	{ { 0xfe, 0x80 },	10,  NO_INNER, "link-local" },
	{ { 0xfe, 0xc0 },	10,  NO_INNER, "site-local" },
	{ { 0xff },		8,   NO_INNER, "multicast" },
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

bool
address_has_prefix(const uint8_t *addr, const uint8_t *net, unsigned bits)
{
	unsigned	whole = bits / 8, rest = bits % 8;

	if (memcmp(addr, net, whole) != 0)
		return false;
	return rest == 0 || ((addr[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static const char *
address_refusal4(const uint8_t *addr)
{
	const struct range4	*r;
	size_t			 i;

	for (i = 0; i < LENGTH(address_ranges4); i++) {
		r = &address_ranges4[i];
		if (address_has_prefix(addr, r->net, r->bits))
			return r->word;
	}
	return NULL;
}

static const char *
address_refusal6(const uint8_t *addr)
{
	const struct range6	*r;
	size_t			 i;

	for (i = 0; i < LENGTH(address_ranges6); i++) {
		r = &address_ranges6[i];
		if (!address_has_prefix(addr, r->net, r->bits))
			continue;
		return r->inner == NO_INNER ? r->word :
		    address_refusal4(addr + r->inner);
	}
	/* Only 2000::/3 has been given out so far. */
	return (addr[0] & 0xe0) == 0x20 ? NULL : "not global";
}

static const char *
address_refusal_port(in_port_t port)
{
	return port == htons(80) || port == htons(443) ? NULL :
	    "at a port other than 80 and 443";
}

/* The range that sa is in, or NULL; and its port. */
static const char *
address_refusal_range(const struct sockaddr *sa, in_port_t *port)
{
	struct sockaddr_in	 in4;
	struct sockaddr_in6	 in6;

	/* Copied, since sa need not be aligned for what it holds. */
	if (sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof(in4));
		*port = in4.sin_port;
		return address_refusal4((const uint8_t *)&in4.sin_addr);
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		*port = in6.sin6_port;
		return address_refusal6(in6.sin6_addr.s6_addr);
	}
	return "of an unknown family";
}

const char *
address_refusal(const struct sockaddr *sa)
{
	in_port_t	 port;
	const char	*word = address_refusal_range(sa, &port);

	return word != NULL ? word : address_refusal_port(port);
}

bool
address_is_public(const struct sockaddr *sa)
{
	in_port_t	port;

	return address_refusal_range(sa, &port) == NULL;
}
