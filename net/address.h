/* Which addresses a link from the network may lead to. */
#ifndef GENHOOK_ADDRESS_H
#define GENHOOK_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

/*
 * NULL when sa is a global unicast address (IPv4 or IPv6) at port 80 or 443;
 * otherwise a word for what it is, such as "loopback", in static memory.
 * An IPv6 address that carries an IPv4 one is judged by that.
 * The ranges are those that IANA's special-purpose address registries
 * (RFC 6890 and its followers) do not list as globally reachable.
 */
const char *address_refusal(const struct sockaddr *sa);

/* The same without regard to the port: is it a global unicast address? */
bool	address_is_public(const struct sockaddr *sa);

/* Do both have the same first bits?  Each has as many bytes as these need. */
bool	address_has_prefix(const uint8_t *addr, const uint8_t *net,
	    unsigned bits);

#endif
