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
	{ 0, "FLV\1", 4,		0, "", 0,	MEDIA_FLV },
	{ 0, "v/1\1", 4,		0, "", 0,	MEDIA_EXR },
	{ 0, "PXR-USDC", 8,		0, "", 0,	MEDIA_USD },
	{ 0, "ply\n", 4,		0, "", 0,	MEDIA_PLY },
	{ 0, "ply\r", 4,		0, "", 0,	MEDIA_PLY },
	/* It has types of their own for what is packed as a zip. */
	{ 0, "PK\x03\x04", 4,		0, "", 0,	MEDIA_ZIP },
};

static bool
media_is_markup(enum media_type type)
{
	return type == MEDIA_HTML || type == MEDIA_XML || type == MEDIA_SVG;
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

/* XML libmagic knows by its declaration alone, a page by a tag anywhere in a
 * text, and JSON only when it is whole, which the beginning of a file seldom
 * is. */
static const enum media_type media_starts[] = {
	[PROLOG_NONE]	= MEDIA_TEXT,
	[PROLOG_MARKUP]	= MEDIA_XML,
	[PROLOG_HTML]	= MEDIA_HTML,
	[PROLOG_SVG]	= MEDIA_SVG,
	[PROLOG_JSON]	= MEDIA_JSON,
};

/* Packets of 188 bytes, or of 192 with a time before each (ISO 13818-1,
 * 2.4.3.2). */
static bool
media_is_ts(const unsigned char *head, size_t len)
{
	return (len > 376 && head[0] == 'G' && head[188] == 'G' &&
	    head[376] == 'G') || (len > 388 && head[4] == 'G' &&
	    head[196] == 'G' && head[388] == 'G');
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
	if (media_is_ts(head, len))
		return MEDIA_TS;
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
	if (named == MEDIA_BINARY || named == MEDIA_TS ||
	    media_is_boxed(named) ||
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
	struct media_prolog	prolog = { 0 };
	enum media_type		start, type;
	struct mime_type	seen;

	prolog_take(&prolog, head, len);
	start = media_starts[prolog_end(&prolog)];
	/* What begins like a page is one, whatever libmagic finds further on. */
	if (start == MEDIA_HTML)
		return start;
	mime_detect(s, head, len, &seen);
	seen.text = seen.text || media_is_plain(head, len) ||
	    (prolog_is_utf16(&prolog) && start != MEDIA_TEXT);
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

const struct media *
media_of(struct mime *s, const struct media_watch *w)
{
	enum media_type	type = media_type_of_head(s, w->head, w->headlen),
			start = media_starts[prolog_end(&w->prolog)];

	return &media_types[type == MEDIA_XML && media_is_markup(start) ?
	    start : type];
}

/* A declaration or comment without an end is no reason to wait, as long as the
 * text may be anything: what it begins as is XML. */
bool
media_is_open(const struct media_watch *w)
{
	return !w->prolog.done && w->prolog.kind == PROLOG_MARKUP;
}

bool
media_is_sure(const struct media *media)
{
	enum media_type	type = media_type_of(media);

	return !media_is_words(type) && type != MEDIA_BINARY &&
	    type != MEDIA_GZIP;
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

