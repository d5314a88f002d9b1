/* Reading addresses and networks, and looking for the one in the other. */
#include <arpa/inet.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/network.h"

#define ADDRESS_BYTES	16
#define MAPPED_BYTES	12	/* before the IPv4 address in an IPv6 one */

struct network {
	uint8_t		addr[ADDRESS_BYTES];
	unsigned	bits;
};

/* Sets all bits of it: a network of one address. */
static bool
network_read_address(const char *text, struct network *n)
{
	static const uint8_t	mapped[MAPPED_BYTES] = {
		[10] = 0xff, [11] = 0xff
	};

	n->bits = ADDRESS_BYTES * 8;
	if (inet_pton(AF_INET6, text, n->addr) == 1)
		return true;
	memcpy(n->addr, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, n->addr + MAPPED_BYTES) == 1;
}

/* A prefix's length: digits only, and not more than there are. */
static bool
network_read_bits(const char *text, unsigned most, unsigned *bits)
{
	size_t	len = strlen(text);

	if (len == 0 || len > 3 || strspn(text, "0123456789") != len)
		return false;
	*bits = (unsigned)strtoul(text, NULL, 10);
	return *bits <= most;
}

static bool
network_read(const char *text, struct network *n)
{
	char		 addr[INET6_ADDRSTRLEN];
	const char	*slash = strchr(text, '/');
	bool		 is4 = strchr(text, ':') == NULL;
	unsigned	 bits;

	if (slash == NULL)
		return network_read_address(text, n);
	if ((size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (!network_read_address(addr, n) ||
	    !network_read_bits(slash + 1, is4 ? 32 : 128, &bits))
		return false;
	n->bits = is4 ? MAPPED_BYTES * 8 + bits : bits;
	return true;
}

/* Are the bits behind the prefix 0?  Else somebody meant another one. */
static bool
network_is_whole(const struct network *n)
{
	unsigned	i;

	for (i = n->bits; i < ADDRESS_BYTES * 8; i++)
		if (n->addr[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

bool
address_is_text(const char *text)
{
	struct network	n;

	return network_read_address(text, &n);
}

bool
network_is_text(const char *text)
{
	struct network	n;

	return network_read(text, &n) && network_is_whole(&n);
}

bool
network_list_has(char *const *networks, const char *address)
{
	struct network	n, a;
	size_t		i;

	if (networks == NULL || networks[0] == NULL ||
	    !network_read_address(address, &a))
		return false;
	for (i = 0; networks[i] != NULL; i++)
		if (network_read(networks[i], &n) &&
		    address_has_prefix(a.addr, n.addr, n.bits))
			return true;
	return false;
}
