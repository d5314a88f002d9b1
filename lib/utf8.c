/* UTF-8 as RFC 3629 has it. */
#include <string.h>

#include "lib/utf8.h"

/*
 * Lead bytes of UTF-8 and what may follow (RFC 3629, section 4): the second
 * byte's range is narrower where a longer form, a surrogate or a code point
 * past U+10FFFF would begin.
 */
static const struct {
	unsigned char	 first, last;	/* the lead byte */
	unsigned char	 low, high;	/* the byte behind it */
	size_t		 len;
} utf8_forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t
utf8_length(const unsigned char *s, size_t n)
{
	size_t	i, k;

	for (i = 0; n > 0 && i < sizeof(utf8_forms) / sizeof(utf8_forms[0]);
	    i++) {
		if (s[0] < utf8_forms[i].first || s[0] > utf8_forms[i].last)
			continue;
		if (utf8_forms[i].len > n)
			return 0;
		if (utf8_forms[i].len > 1 && (s[1] < utf8_forms[i].low ||
		    s[1] > utf8_forms[i].high))
			return 0;
		for (k = 2; k < utf8_forms[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return utf8_forms[i].len;
	}
	return 0;
}

size_t
utf8_cut(const char *text, size_t at)
{
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

void
utf8_clean(char *text)
{
	unsigned char	*p = (unsigned char *)text;
	size_t		 left = strlen(text), n;

	for (; left > 0; p += n, left -= n) {
		n = utf8_length(p, left);
		if (n == 0 || *p < 0x20 || *p == 0x7f) {
			*p = '?';
			n = 1;
		}
	}
}
