/* Addresses and networks as people write them: 192.0.2.7, 10.0.0.0/8, ::1. */
#ifndef GENHOOK_NETWORK_H
#define GENHOOK_NETWORK_H

#include <stdbool.h>

/* Is it an IPv4 or IPv6 address, and nothing more? */
bool	address_is_text(const char *);

/* Is it an address, or one with a prefix's length behind a slash, whose bits
 * behind the prefix are 0? */
bool	network_is_text(const char *);

/* Is the address in one of these (NULL-terminated; NULL for none)?  An IPv4
 * address is the same within an IPv6 one (::ffff:0:0/96). */
bool	network_list_has(char *const *networks, const char *address);

#endif
