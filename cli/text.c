/* Foreign text as it may be printed on a terminal. */
#include <locale.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cli/cli.h"

#define DOTS		"..."
#define DOTS_LEN	(sizeof(DOTS) - 1)
#define PIECE_MAX	16	/* \xNN for each byte of a character */

/* One character of the source, as it is to be printed. */
struct piece {
	char	text[PIECE_MAX];
	size_t	len, columns;
};

/* Some that take no room turn the writing round, or join what is apart
 * (Unicode's format characters). */
static bool
text_is_hidden(wchar_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static bool
text_is_fit(wchar_t c, size_t len)
{
	return c != L'\\' && !text_is_hidden(c) && iswprint((wint_t)c) != 0 &&
	    wcwidth(c) >= 0 && len < PIECE_MAX;
}

/* Take the next character; returns how many bytes of src it was. */
static size_t
text_piece(struct piece *p, const char *src)
{
	static const char	hex[] = "0123456789abcdef";
	mbstate_t		state = { 0 };
	wchar_t			c;
	size_t			len = mbrtowc(&c, src, strlen(src), &state);
	bool			whole = len != (size_t)-1 && len != (size_t)-2;
	size_t			i;

	if (whole && text_is_fit(c, len)) {
		memcpy(p->text, src, len);
		p->len = len;
		p->columns = (size_t)wcwidth(c);
		return len;
	}
	if (!whole || 4 * len > PIECE_MAX)
		len = 1;
	for (i = 0; i < len; i++) {
		p->text[4 * i] = '\\';
		p->text[4 * i + 1] = 'x';
		p->text[4 * i + 2] = hex[(unsigned char)src[i] >> 4];
		p->text[4 * i + 3] = hex[(unsigned char)src[i] & 0x0f];
	}
	p->len = p->columns = 4 * len;
	return len;
}

static size_t
text_copy(char *out, size_t outsz, const char *src, size_t most)
{
	struct piece	p;
	size_t		len = 0, columns = 0, cut = 0, cut_columns = 0;

	while (*src != '\0') {
		src += text_piece(&p, src);
		if (columns + p.columns > most || len + p.len >= outsz) {
			memcpy(out + cut, DOTS, sizeof(DOTS));
			return cut_columns + DOTS_LEN;
		}
		memcpy(out + len, p.text, p.len);
		len += p.len;
		columns += p.columns;
		/* Up to here there would still be room for the dots. */
		if (columns + DOTS_LEN <= most && len + DOTS_LEN < outsz) {
			cut = len;
			cut_columns = columns;
		}
	}
	out[len] = '\0';
	return columns;
}

/* A third of what may be is the beginning, the rest is the end. */
static size_t
text_copy_ends(char *out, size_t outsz, const char *src, size_t most)
{
	struct piece	p;
	size_t		whole = text_copy(out, outsz, src, CLI_WHOLE), used, len;

	if (whole <= most || most <= DOTS_LEN)
		return text_copy(out, outsz, src, most);
	used = text_copy(out, outsz, src, DOTS_LEN + (most - DOTS_LEN) / 3);
	len = strlen(out);
	while (*src != '\0' && whole > most - used) {
		src += text_piece(&p, src);
		whole -= p.columns;
	}
	return used + text_copy(out + len, outsz - len, src, most - used);
}

/* Of the whole program this alone goes by the user's language. */
static size_t
text_in_language(size_t (*copy)(char *, size_t, const char *, size_t),
    char *out, size_t outsz, const char *src, size_t most)
{
	static locale_t	user;
	locale_t	before;
	size_t		columns;

	if (user == (locale_t)0)
		user = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	before = uselocale(user);
	columns = copy(out, outsz, src, most);
	(void)uselocale(before);
	return columns;
}

size_t
cli_text(char *out, size_t outsz, const char *src, size_t most)
{
	return text_in_language(text_copy, out, outsz, src, most);
}

size_t
cli_text_ends(char *out, size_t outsz, const char *src, size_t most)
{
	return text_in_language(text_copy_ends, out, outsz, src, most);
}
