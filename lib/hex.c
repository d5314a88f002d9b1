/* Bytes as hexadecimal digits, and back. */
#include <ctype.h>

#include "lib/hex.h"

void
hex_encode(const unsigned char *bytes, size_t n, char *out)
{
	static const char	digits[] = "0123456789abcdef";
	size_t			i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0x0f];
	}
	out[2 * n] = '\0';
}

int
hex_read(const char *s, size_t digits)
{
	int	value = 0;
	size_t	i;

	for (i = 0; i < digits; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -1;
		value = value * 16 + (isdigit((unsigned char)s[i]) ?
		    s[i] - '0' : tolower((unsigned char)s[i]) - 'a' + 10);
	}
	return value;
}

bool
hex_decode(const char *s, size_t n, unsigned char *out)
{
	size_t	i;
	int	byte;

	for (i = 0; i < n; i++) {
		if ((byte = hex_read(s + 2 * i, 2)) == -1)
			return false;
		out[i] = (unsigned char)byte;
	}
	return true;
}
