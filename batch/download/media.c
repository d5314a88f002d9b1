/* What type a file is, told by its first bytes, and whether it can be what is
 * due. */
#include <string.h>
#include <strings.h>

#include "batch/download/media_types.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * What libmagic 5.44 has no type for though it is clear, or has one for that
 * is too narrow.  Bytes in both places decide.
 */
static const struct media_bytes {
	size_t		 at;
	const char	*bytes;
	size_t		 len;
	size_t		 at2;
	const char	*bytes2;
	size_t		 len2;
	enum media_type	 type;
} media_rest[] = {
	/* It names what is behind the tag, which is past the head as soon as
	 * there is a cover. */
	{ 0, "ID3", 3,			0, "", 0,	MEDIA_MP3 },
	/* It knows some codecs, and no name for the others. */
	{ 0, "OggS", 4,			0, "", 0,	MEDIA_OGG },
	/* The same with brands (ISO 14496-12, 4.3), and 3gp and m4v, which
	 * every player takes for mp4. */
	{ 0, "\0", 1,			4, "ftyp", 4,	MEDIA_MP4 },
	/* These it knows by a description, without a type. */
	{ 0, "Kaydara FBX Binary", 18,	0, "", 0,	MEDIA_FBX },
	{ 0, "ply\n", 4,		0, "", 0,	MEDIA_PLY },
	{ 0, "ply\r", 4,		0, "", 0,	MEDIA_PLY },
	/* It has types of their own for what is packed as a zip. */
	{ 0, "PK\x03\x04", 4,		0, "", 0,	MEDIA_ZIP },
};

/*
 * How a page or a text of data begins, behind blanks; letter case does not
 * matter.  What begins like a page is one, whatever libmagic finds further on.
 * XML it knows by its declaration alone, a page by a tag anywhere in a text,
 * and JSON only when it is whole, which the beginning of a file seldom is.
 */
static const struct {
	const char	*start;
	enum media_type	 type;
} media_starts[] = {
	{ "<!doctype html", MEDIA_HTML },
	{ "<html",	MEDIA_HTML },
	{ "<head",	MEDIA_HTML },
	{ "<body",	MEDIA_HTML },
	{ "<script",	MEDIA_HTML },
	{ "<svg",	MEDIA_SVG },
	{ "<!doctype svg", MEDIA_SVG },
	{ "<!--",	MEDIA_XML },
	{ "<?xml",	MEDIA_XML },
	{ "<error",	MEDIA_XML },
	{ "{",		MEDIA_JSON },
	{ "[",		MEDIA_JSON },
};

static bool
media_is_markup(enum media_type type)
{
	return type == MEDIA_HTML || type == MEDIA_XML || type == MEDIA_SVG;
}

static bool
media_is_words(enum media_type type)
{
	return type == MEDIA_HTML || type == MEDIA_XML || type == MEDIA_JSON ||
	    type == MEDIA_TEXT;
}

static bool
media_bytes_at(const unsigned char *head, size_t len, size_t at,
    const char *bytes, size_t n)
{
	return at + n <= len && memcmp(head + at, bytes, n) == 0;
}

/* Where a text begins: behind a byte order mark of any kind, and blanks. */
static size_t
media_text_start(const unsigned char *head, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (memchr("\xef\xbb\xbf\xfe\xff\0 \t\r\n\f", head[i], 11) ==
		    NULL)
			break;
	return i;
}

/* MEDIA_TEXT: it is none of them. */
static enum media_type
media_type_of_tag(const unsigned char *text, size_t len)
{
	const char	*start;
	size_t		 i;

	for (i = 0; i < LENGTH(media_starts); i++) {
		start = media_starts[i].start;
		if (len >= strlen(start) && strncasecmp((const char *)text,
		    start, strlen(start)) == 0)
			return media_starts[i].type;
	}
	return MEDIA_TEXT;
}

/* Behind this declaration, comment or instruction of an XML text, the next
 * tag.  NULL: there is none in the head. */
static const unsigned char *
media_next_tag(const unsigned char *text, const unsigned char *end)
{
	const char	*close = end - text >= 4 &&
			    memcmp(text, "<!--", 4) == 0 ? "-->" : ">";

	text = memmem(text, (size_t)(end - text), close, strlen(close));
	return text == NULL ? NULL : memchr(text, '<', (size_t)(end - text));
}

/* What a text begins as; an XML text is what its first element is. */
static enum media_type
media_type_of_start(const unsigned char *text, size_t len)
{
	const unsigned char	*end = text + len;
	enum media_type		 type = media_type_of_tag(text, len), tag;

	while (type == MEDIA_XML && end - text >= 2 &&
	    (text[1] == '!' || text[1] == '?') &&
	    (text = media_next_tag(text, end)) != NULL) {
		tag = media_type_of_tag(text, (size_t)(end - text));
		if (tag != MEDIA_TEXT)
			type = tag;
	}
	return type;
}

/*
 * The header of an MPEG audio frame (ISO 11172-3, 2.4.1.3; 13818-3, 2.4.2.3).
 * libmagic knows it, but of two files in a thousand it says first that they
 * may be the boot sector of a disk, as some bytes behind the header look so.
 */
static bool
media_is_mpeg_frame(const unsigned char *head, size_t len)
{
	return len >= 4 && head[0] == 0xff && (head[1] & 0xe0) == 0xe0 &&
	    (head[1] & 0x18) != 0x08 && (head[1] & 0x06) == 0x02 &&
	    (head[2] & 0xf0) != 0xf0 && (head[2] & 0x0c) != 0x0c;
}

static enum media_type
media_type_of_rest(const unsigned char *head, size_t len)
{
	const struct media_bytes	*r;
	size_t				 i;

	for (i = 0; i < LENGTH(media_rest); i++) {
		r = &media_rest[i];
		if (media_bytes_at(head, len, r->at, r->bytes, r->len) &&
		    media_bytes_at(head, len, r->at2, r->bytes2, r->len2))
			return r->type;
	}
	return media_is_mpeg_frame(head, len) ? MEDIA_MP3 : MEDIA_BINARY;
}

/*
 * A text that libmagic may have a name for.  It searches the text for a page
 * and for a PDF, and believes in boxes in one: a text that only speaks of such
 * is neither.
 */
static enum media_type
media_type_of_text(enum media_type named, const unsigned char *text, size_t len)
{
	if (media_is_markup(named))
		return len > 0 && *text == '<' ? named : MEDIA_TEXT;
	if (named == MEDIA_BINARY || media_is_boxed(named) ||
	    (named == MEDIA_PDF && !media_bytes_at(text, len, 0, "%PDF-", 5)))
		return MEDIA_TEXT;
	return named;
}

/* No control byte but those of texts: to libmagic one DEL more makes it none,
 * but not to those who write error pages. */
static bool
media_is_plain(const unsigned char *head, size_t len)
{
	while (len > 0 && (head[len - 1] >= ' ' ||
	    (head[len - 1] >= '\t' && head[len - 1] <= '\r')))
		len--;
	return len == 0;
}

static enum media_type
media_type_of_head(struct mime *s, const unsigned char *head, size_t len)
{
	size_t			at = media_text_start(head, len);
	enum media_type		start = media_type_of_start(head + at,
				    len - at), type;
	struct mime_type	seen;

	if (start == MEDIA_HTML)
		return start;
	mime_detect(s, head, len, &seen);
	seen.text = seen.text || media_is_plain(head, len);
	if (seen.text && start != MEDIA_TEXT)
		return start;
	type = media_type_named(seen.type);
	if (type == MEDIA_BINARY || (!seen.text && media_is_markup(type)))
		type = media_type_of_rest(head, len);
	return seen.text ? media_type_of_text(type, head + at, len - at) : type;
}

const struct media *
media_detect(struct mime *s, const void *head, size_t len)
{
	return &media_types[media_type_of_head(s, head, len)];
}

/* Is an output of that kind a picture, a film or a sound? */
static bool
media_is_due(const char *kind)
{
	return strcmp(kind, "file") != 0 && strcmp(kind, "text") != 0;
}

bool
media_fits(const struct media *media, const char *kind, size_t len,
    struct errbuf *err)
{
	enum media_type	type = media_type_of(media);

	if (len == 0) {
		errbuf_set(err, "the file is empty");
		return false;
	}
	if (type == MEDIA_HTML ||
	    (media_is_due(kind) && media_is_words(type))) {
		errbuf_set(err, "got %s where %s is due", media->content_type,
		    strcmp(kind, "file") == 0 ? "a file" : kind);
		return false;
	}
	return true;
}

/* What a server may call a page or an answer of its own, and never media. */
static const char *const media_declared[] = {
	"text/html", "application/xhtml+xml", "application/json",
	"application/problem+json", "text/json", "application/xml", "text/xml",
};

bool
media_agrees(const struct media *media, const char *kind,
    const char *content_type, struct errbuf *err)
{
	size_t	i, n = strcspn(content_type, "; \t");

	if (media != &media_types[MEDIA_BINARY] || !media_is_due(kind))
		return true;
	for (i = 0; i < LENGTH(media_declared); i++) {
		if (strlen(media_declared[i]) != n ||
		    strncasecmp(media_declared[i], content_type, n) != 0)
			continue;
		errbuf_set(err, "the server calls it %s where %s is due",
		    media_declared[i], kind);
		return false;
	}
	return true;
}

