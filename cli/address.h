/* The addresses that providers call back at, for people. */
#ifndef GENHOOK_CLI_ADDRESS_H
#define GENHOOK_CLI_ADDRESS_H

#include "common/conf.h"

/* Print an account's address with this token, on a line of its own. */
void	address_print(const struct conf *, const struct account *,
	    const char *token);

/* Where that provider wants it, in a few words, in static memory. */
const char *address_place(const struct provider *);

#endif
