/* The beginning of a text, read by a small machine: blanks, then declarations,
 * comments and instructions, then the first element, which tells. */
#include <string.h>
#include <strings.h>

#include "batch/download/media_prolog.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/* What the name of a tag, or of a document type, begins with; letter case does
 * not matter. */
static const struct {
	const char		*start;
	enum prolog_kind	 kind;
} prolog_names[] = {
	{ "html",	PROLOG_HTML },
	{ "head",	PROLOG_HTML },
	{ "body",	PROLOG_HTML },
	{ "script",	PROLOG_HTML },
	{ "svg",	PROLOG_SVG },
	{ "?xml",	PROLOG_MARKUP },
	{ "!--",	PROLOG_MARKUP },
	{ "error",	PROLOG_MARKUP },
};

static enum prolog_kind
prolog_kind_of(const char *name)
{
	const char	*local = strchr(name, ':');
	size_t		 i;

	for (i = 0; i < LENGTH(prolog_names); i++)
		if (strncasecmp(name, prolog_names[i].start,
		    strlen(prolog_names[i].start)) == 0)
			return prolog_names[i].kind;
	return local != NULL && strcasecmp(local + 1, "svg") == 0 ?
	    PROLOG_SVG : PROLOG_NONE;
}

static bool
prolog_is_name(int c)
{
	return c > ' ' && c != '>' && c != '<' && c != '/';
}

/* One more of a name.  False: c is none, and the name is whole. */
static bool
prolog_grow(struct media_prolog *p, int c)
{
	if (!prolog_is_name(c)) {
		p->name[p->namelen] = '\0';
		p->namelen = 0;
		return false;
	}
	if (p->namelen < sizeof(p->name) - 1)
		p->name[p->namelen++] = (char)c;
	return true;
}

static void
prolog_comment(struct media_prolog *p, int c)
{
	if (c == '>' && p->dashes >= 2)
		p->state = PROLOG_BETWEEN;
	p->dashes = c == '-' ? p->dashes + 1 : 0;
}

static void
prolog_skip(struct media_prolog *p, int c)
{
	if (c == '[')
		p->depth++;
	else if (c == ']' && p->depth > 0)
		p->depth--;
	else if (c == '>' && p->depth == 0)
		p->state = PROLOG_BETWEEN;
}

/* The name of the element that is to come. */
static void
prolog_doctype(struct media_prolog *p, int c)
{
	enum prolog_kind	kind;

	if ((c <= ' ' && p->namelen == 0) || (c != '[' && prolog_grow(p, c)))
		return;
	p->name[c == '[' ? p->namelen : strlen(p->name)] = '\0';
	kind = prolog_kind_of(p->name);
	p->done = kind == PROLOG_HTML || kind == PROLOG_SVG;
	p->kind = p->done ? kind : PROLOG_MARKUP;
	p->state = PROLOG_SKIP;
	p->namelen = 0;
	p->depth = 0;
	prolog_skip(p, c);
}

/* The name of a tag is over, by c. */
static void
prolog_end_name(struct media_prolog *p, int c)
{
	enum prolog_kind	kind = prolog_kind_of(p->name);

	if (strcasecmp(p->name, "!doctype") == 0) {
		p->state = PROLOG_DOCTYPE;
		prolog_doctype(p, c);
		return;
	}
	if (kind != PROLOG_NONE)
		p->kind = kind;
	/* An element tells; and what else begins so is none, unless it follows
	 * what is. */
	p->done = (p->name[0] != '?' && p->name[0] != '!') ||
	    p->kind == PROLOG_NONE;
	p->state = PROLOG_SKIP;
	p->depth = 0;
	prolog_skip(p, c);
}

static void
prolog_tag(struct media_prolog *p, int c)
{
	/* A comment needs no blank behind its beginning. */
	if (p->namelen == 3 && memcmp(p->name, "!--", 3) == 0) {
		p->kind = PROLOG_MARKUP;
		p->state = PROLOG_COMMENT;
		p->dashes = 2;
		p->namelen = 0;
		prolog_comment(p, c);
	} else if (!prolog_grow(p, c))
		prolog_end_name(p, c);
}

static void
prolog_start(struct media_prolog *p, int c)
{
	if (memchr("\xef\xbb\xbf\xfe\xff\0 \t\r\n\f", c, 11) != NULL)
		return;
	if (c == '<') {
		p->state = PROLOG_TAG;
		return;
	}
	if (c == '{' || c == '[')
		p->kind = PROLOG_JSON;
	p->done = true;
}

/* The next character; those beyond ASCII are all one. */
static void
prolog_char(struct media_prolog *p, int c)
{
	switch (p->state) {
	case PROLOG_START:
		prolog_start(p, c);
		break;
	case PROLOG_TAG:
		prolog_tag(p, c);
		break;
	case PROLOG_DOCTYPE:
		prolog_doctype(p, c);
		break;
	case PROLOG_SKIP:
		prolog_skip(p, c);
		break;
	case PROLOG_COMMENT:
		prolog_comment(p, c);
		break;
	case PROLOG_BETWEEN:
		if (c == '<')
			p->state = PROLOG_TAG;
		break;
	}
}

/* By the byte order mark, or else as the first character is a '<' or a brace
 * (XML 1.0, appendix F; RFC 4627, section 3). */
static enum prolog_encoding
prolog_encoding_of(const unsigned char *two)
{
	if (memcmp(two, "\xff\xfe", 2) == 0 ||
	    (two[1] == '\0' && memchr("<{[", two[0], 3) != NULL))
		return PROLOG_UTF16_LE;
	if (memcmp(two, "\xfe\xff", 2) == 0 ||
	    (two[0] == '\0' && memchr("<{[", two[1], 3) != NULL))
		return PROLOG_UTF16_BE;
	return PROLOG_BYTES;
}

/* Two bytes are held. */
static void
prolog_pair(struct media_prolog *p)
{
	int	high, low;

	p->heldlen = 0;
	if (p->encoding == PROLOG_UNTOLD)
		p->encoding = prolog_encoding_of(p->held);
	if (p->encoding == PROLOG_BYTES) {
		prolog_char(p, p->held[0]);
		if (!p->done)
			prolog_char(p, p->held[1]);
		return;
	}
	high = p->held[p->encoding == PROLOG_UTF16_LE];
	low = p->held[p->encoding == PROLOG_UTF16_BE];
	/* The mark itself is a blank. */
	prolog_char(p, high == 0 ? low : high == 0xfe && low == 0xff ? ' ' :
	    0x80);
}

void
prolog_take(struct media_prolog *p, const unsigned char *data, size_t len)
{
	for (; len > 0 && !p->done; data++, len--) {
		if (p->encoding == PROLOG_BYTES) {
			prolog_char(p, *data);
			continue;
		}
		p->held[p->heldlen++] = *data;
		if (p->heldlen == 2)
			prolog_pair(p);
	}
}

enum prolog_kind
prolog_end(const struct media_prolog *p)
{
	struct media_prolog	rest = *p;

	if (!rest.done && rest.encoding == PROLOG_UNTOLD && rest.heldlen == 1)
		prolog_char(&rest, rest.held[0]);
	if (!rest.done && (rest.state == PROLOG_TAG ||
	    rest.state == PROLOG_DOCTYPE))
		prolog_char(&rest, '>');
	return rest.kind;
}

bool
prolog_is_utf16(const struct media_prolog *p)
{
	return p->encoding == PROLOG_UTF16_LE ||
	    p->encoding == PROLOG_UTF16_BE;
}
