/* Bytes as hexadecimal digits, and back. */
#ifndef GENHOOK_HEX_H
#define GENHOOK_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Lower-case hex of n bytes; out holds 2 * n + 1. */
void	hex_encode(const unsigned char *, size_t n, char *out);

/* The number that so many digits (7 at most) at s spell, in either case; -1
 * where one of them is none, the NUL too. */
int	hex_read(const char *s, size_t digits);

/* n bytes from 2 * n digits in either case; false where one of them is none. */
bool	hex_decode(const char *, size_t n, unsigned char *out);

#endif
