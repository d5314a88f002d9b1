#include <string.h>
#include <strings.h>

#include "batch/download/media.h"

enum type {
	T_PNG, T_JPG, T_GIF, T_WEBP, T_AVIF, T_HEIC, T_JXL, T_BMP, T_TIFF,
	T_SVG, T_MP4, T_MOV, T_WEBM, T_MKV, T_AVI, T_OGV, T_MP3, T_WAV, T_FLAC,
	T_OGG, T_M4A, T_AAC, T_AIFF, T_GLB, T_PLY, T_FBX, T_PDF, T_ZIP, T_GZIP,
	T_HTML, T_XML, T_JSON, T_TEXT, T_BINARY, T__MAX
};

static const struct media types[] = {
	[T_PNG]	   = { "image/png",		"png" },
	[T_JPG]	   = { "image/jpeg",		"jpg" },
	[T_GIF]	   = { "image/gif",		"gif" },
	[T_WEBP]   = { "image/webp",		"webp" },
	[T_AVIF]   = { "image/avif",		"avif" },
	[T_HEIC]   = { "image/heic",		"heic" },
	[T_JXL]	   = { "image/jxl",		"jxl" },
	[T_BMP]	   = { "image/bmp",		"bmp" },
	[T_TIFF]   = { "image/tiff",		"tif" },
	[T_SVG]	   = { "image/svg+xml",		"svg" },
	[T_MP4]	   = { "video/mp4",		"mp4" },
	[T_MOV]	   = { "video/quicktime",	"mov" },
	[T_WEBM]   = { "video/webm",		"webm" },
	[T_MKV]	   = { "video/x-matroska",	"mkv" },
	[T_AVI]	   = { "video/x-msvideo",	"avi" },
	[T_OGV]	   = { "video/ogg",		"ogv" },
	[T_MP3]	   = { "audio/mpeg",		"mp3" },
	[T_WAV]	   = { "audio/wav",		"wav" },
	[T_FLAC]   = { "audio/flac",		"flac" },
	[T_OGG]	   = { "audio/ogg",		"ogg" },
	[T_M4A]	   = { "audio/mp4",		"m4a" },
	[T_AAC]	   = { "audio/aac",		"aac" },
	[T_AIFF]   = { "audio/aiff",		"aif" },
	[T_GLB]	   = { "model/gltf-binary",	"glb" },
	[T_PLY]	   = { "model/ply",		"ply" },
	[T_FBX]	   = { "model/vnd.fbx",		"fbx" },
	[T_PDF]	   = { "application/pdf",	"pdf" },
	[T_ZIP]	   = { "application/zip",	"zip" },
	[T_GZIP]   = { "application/gzip",	"gz" },
	[T_HTML]   = { "text/html",		"html" },
	[T_XML]	   = { "application/xml",	"xml" },
	[T_JSON]   = { "application/json",	"json" },
	[T_TEXT]   = { "text/plain",		"txt" },
	[T_BINARY] = { "application/octet-stream", "bin" },
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))
_Static_assert(LENGTH(types) == T__MAX, "a type has no name");

/* Types that are made of boxes (ISO 14496-12, 4.2). */
static const enum type boxed[] = { T_MP4, T_MOV, T_M4A, T_AVIF, T_HEIC };

static const enum type markup[] = { T_HTML, T_XML, T_SVG };

/* The names that libmagic, in several versions, has for what the table has. */
static const struct {
	const char	*name;
	enum type	 type;
} names[] = {
	{ "image/png",			T_PNG },
	{ "image/jpeg",			T_JPG },
	{ "image/gif",			T_GIF },
	{ "image/webp",			T_WEBP },
	{ "image/avif",			T_AVIF },
	{ "image/heic",			T_HEIC },
	{ "image/heif",			T_HEIC },
	{ "image/heic-sequence",	T_HEIC },
	{ "image/heif-sequence",	T_HEIC },
	{ "image/jxl",			T_JXL },
	{ "image/bmp",			T_BMP },
	{ "image/x-ms-bmp",		T_BMP },
	{ "image/tiff",			T_TIFF },
	{ "image/svg+xml",		T_SVG },
	{ "image/svg",			T_SVG },
	{ "video/mp4",			T_MP4 },
	{ "video/quicktime",		T_MOV },
	{ "video/webm",			T_WEBM },
	{ "video/x-matroska",		T_MKV },
	{ "video/x-msvideo",		T_AVI },
	{ "video/ogg",			T_OGV },
	{ "audio/mpeg",			T_MP3 },
	{ "audio/wav",			T_WAV },
	{ "audio/x-wav",		T_WAV },
	{ "audio/vnd.wave",		T_WAV },
	{ "audio/flac",			T_FLAC },
	{ "audio/x-flac",		T_FLAC },
	{ "audio/ogg",			T_OGG },
	{ "audio/mp4",			T_M4A },
	{ "audio/x-m4a",		T_M4A },
	{ "audio/aac",			T_AAC },
	{ "audio/x-aac",		T_AAC },
	{ "audio/x-hx-aac-adts",	T_AAC },
	{ "audio/aiff",			T_AIFF },
	{ "audio/x-aiff",		T_AIFF },
	{ "model/gltf-binary",		T_GLB },
	{ "application/pdf",		T_PDF },
	{ "application/zip",		T_ZIP },
	{ "application/gzip",		T_GZIP },
	{ "application/x-gzip",		T_GZIP },
	{ "text/html",			T_HTML },
	{ "application/xhtml+xml",	T_HTML },
	{ "text/xml",			T_XML },
	{ "application/xml",		T_XML },
};

/*
 * What libmagic 5.44 has no type for though it is clear, or has one for that
 * is too narrow.  Bytes in both places decide.
 */
static const struct {
	size_t		 at;
	const char	*bytes;
	size_t		 len;
	size_t		 at2;
	const char	*bytes2;
	size_t		 len2;
	enum type	 type;
} rest[] = {
	/* It names what is behind the tag, which is past the head as soon as
	 * there is a cover. */
	{ 0, "ID3", 3,			0, "", 0,	T_MP3 },
	/* It knows some codecs, and no name for the others. */
	{ 0, "OggS", 4,			0, "", 0,	T_OGG },
	/* The same with brands (ISO 14496-12, 4.3), and 3gp and m4v, which
	 * every player takes for mp4. */
	{ 0, "\0", 1,			4, "ftyp", 4,	T_MP4 },
	/* These it knows by a description, without a type. */
	{ 0, "Kaydara FBX Binary", 18,	0, "", 0,	T_FBX },
	{ 0, "ply\n", 4,		0, "", 0,	T_PLY },
	{ 0, "ply\r", 4,		0, "", 0,	T_PLY },
	/* It has types of their own for what is packed as a zip. */
	{ 0, "PK\x03\x04", 4,		0, "", 0,	T_ZIP },
};

/*
 * How a page or a text of data begins, behind blanks; letter case does not
 * matter.  What begins like a page is one, whatever libmagic finds further on.
 * XML it knows by its declaration alone, a page by a tag anywhere in a text,
 * and JSON only when it is whole, which the beginning of a file seldom is.
 */
static const struct {
	const char	*start;
	enum type	 type;
} texts[] = {
	{ "<!doctype html", T_HTML },
	{ "<html",	T_HTML },
	{ "<head",	T_HTML },
	{ "<body",	T_HTML },
	{ "<script",	T_HTML },
	{ "<svg",	T_SVG },
	{ "<!doctype svg", T_SVG },
	{ "<!--",	T_XML },
	{ "<?xml",	T_XML },
	{ "<error",	T_XML },
	{ "{",		T_JSON },
	{ "[",		T_JSON },
};

static bool
bytes_at(const unsigned char *head, size_t len, size_t at, const char *bytes,
    size_t n)
{
	return at + n <= len && memcmp(head + at, bytes, n) == 0;
}

static bool
is_one_of(enum type type, const enum type *set, size_t n)
{
	while (n > 0 && set[n - 1] != type)
		n--;
	return n > 0;
}

/* Where a text begins: behind a byte order mark of any kind, and blanks. */
static size_t
text_start(const unsigned char *head, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (memchr("\xef\xbb\xbf\xfe\xff\0 \t\r\n\f", head[i], 11) ==
		    NULL)
			break;
	return i;
}

/* T_TEXT: it is none of them. */
static enum type
type_of_tag(const unsigned char *text, size_t len)
{
	size_t	i, n;

	for (i = 0; i < LENGTH(texts); i++) {
		n = strlen(texts[i].start);
		if (len >= n && strncasecmp((const char *)text, texts[i].start,
		    n) == 0)
			return texts[i].type;
	}
	return T_TEXT;
}

/* Behind this declaration, comment or instruction of an XML text, the next
 * tag.  NULL: there is none in the head. */
static const unsigned char *
next_tag(const unsigned char *text, const unsigned char *end)
{
	const char	*close = end - text >= 4 &&
			    memcmp(text, "<!--", 4) == 0 ? "-->" : ">";

	text = memmem(text, (size_t)(end - text), close, strlen(close));
	return text == NULL ? NULL : memchr(text, '<', (size_t)(end - text));
}

/* What a text begins as; an XML text is what its first element is. */
static enum type
type_of_start(const unsigned char *text, size_t len)
{
	const unsigned char	*end = text + len;
	enum type		 type = type_of_tag(text, len), tag;

	while (type == T_XML && end - text >= 2 &&
	    (text[1] == '!' || text[1] == '?') &&
	    (text = next_tag(text, end)) != NULL) {
		tag = type_of_tag(text, (size_t)(end - text));
		if (tag != T_TEXT)
			type = tag;
	}
	return type;
}

static enum type
type_named(const char *name)
{
	size_t	i;

	for (i = 0; i < LENGTH(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].type;
	return T_BINARY;
}

/*
 * The header of an MPEG audio frame (ISO 11172-3, 2.4.1.3; 13818-3, 2.4.2.3).
 * libmagic knows it, but of two files in a thousand it says first that they
 * may be the boot sector of a disk, as some bytes behind the header look so.
 */
static bool
is_mpeg_frame(const unsigned char *head, size_t len)
{
	return len >= 4 && head[0] == 0xff && (head[1] & 0xe0) == 0xe0 &&
	    (head[1] & 0x18) != 0x08 && (head[1] & 0x06) == 0x02 &&
	    (head[2] & 0xf0) != 0xf0 && (head[2] & 0x0c) != 0x0c;
}

static enum type
type_of_rest(const unsigned char *head, size_t len)
{
	size_t	i;

	for (i = 0; i < LENGTH(rest); i++)
		if (bytes_at(head, len, rest[i].at, rest[i].bytes,
		    rest[i].len) && bytes_at(head, len, rest[i].at2,
		    rest[i].bytes2, rest[i].len2))
			return rest[i].type;
	return is_mpeg_frame(head, len) ? T_MP3 : T_BINARY;
}

/*
 * A text that libmagic may have a name for.  It searches the text for a page
 * and for a PDF, and believes in boxes in one: a text that only speaks of such
 * is neither.
 */
static enum type
type_of_text(enum type named, const unsigned char *text, size_t len)
{
	if (is_one_of(named, markup, LENGTH(markup)))
		return len > 0 && *text == '<' ? named : T_TEXT;
	if (named == T_BINARY || is_one_of(named, boxed, LENGTH(boxed)) ||
	    (named == T_PDF && !bytes_at(text, len, 0, "%PDF-", 5)))
		return T_TEXT;
	return named;
}

/* No control byte but those of texts: to libmagic one DEL more makes it none,
 * but not to those who write error pages. */
static bool
is_plain(const unsigned char *head, size_t len)
{
	while (len > 0 && (head[len - 1] >= ' ' ||
	    (head[len - 1] >= '\t' && head[len - 1] <= '\r')))
		len--;
	return len == 0;
}

static enum type
sniff(struct mime *s, const unsigned char *head, size_t len)
{
	size_t		at = text_start(head, len);
	enum type	start = type_of_start(head + at, len - at), type;
	struct mime_type	seen;

	if (start == T_HTML)
		return start;
	mime_detect(s, head, len, &seen);
	seen.text = seen.text || is_plain(head, len);
	if (seen.text && start != T_TEXT)
		return start;
	type = type_named(seen.type);
	if (type == T_BINARY || (!seen.text &&
	    is_one_of(type, markup, LENGTH(markup))))
		type = type_of_rest(head, len);
	return seen.text ? type_of_text(type, head + at, len - at) : type;
}

const struct media *
media_detect(struct mime *s, const void *head, size_t len)
{
	return &types[sniff(s, head, len)];
}

static bool
is_media(const char *kind)
{
	return strcmp(kind, "file") != 0 && strcmp(kind, "text") != 0;
}

static const enum type words[] = { T_HTML, T_XML, T_JSON, T_TEXT };

bool
media_fits(const struct media *media, const char *kind, size_t len,
    struct errbuf *err)
{
	enum type	type = (enum type)(media - types);

	if (len == 0) {
		errbuf_set(err, "the file is empty");
		return false;
	}
	if (type == T_HTML ||
	    (is_media(kind) && is_one_of(type, words, LENGTH(words)))) {
		errbuf_set(err, "got %s where %s is due", media->content_type,
		    strcmp(kind, "file") == 0 ? "a file" : kind);
		return false;
	}
	return true;
}

/* What a server may call a page or an answer of its own, and never media. */
static const char *const declared[] = {
	"text/html", "application/xhtml+xml", "application/json",
	"application/problem+json", "text/json", "application/xml", "text/xml",
};

bool
media_agrees(const struct media *media, const char *kind,
    const char *content_type, struct errbuf *err)
{
	size_t	i, n = strcspn(content_type, "; \t");

	if (media != &types[T_BINARY] || !is_media(kind))
		return true;
	for (i = 0; i < LENGTH(declared); i++) {
		if (strlen(declared[i]) != n ||
		    strncasecmp(declared[i], content_type, n) != 0)
			continue;
		errbuf_set(err, "the server calls it %s where %s is due",
		    declared[i], kind);
		return false;
	}
	return true;
}

static uint64_t
little_endian_32(const unsigned char *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	    (uint64_t)p[3] << 24;
}

static uint64_t
big_endian(const unsigned char *p, size_t n)
{
	uint64_t	v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/*
 * One more byte of a box's header (ISO 14496-12, 4.2): a size of 1 says that
 * a longer one follows, 0 that the box goes on to the end of the file.
 */
static void
take_box_byte(struct media_watch *w, unsigned char byte)
{
	uint64_t	size;

	w->box[w->boxlen++] = byte;
	if (w->boxlen < 8)
		return;
	size = big_endian(w->box, 4);
	if (size == 1) {
		if (w->boxlen < 16)
			return;
		size = big_endian(w->box + 8, 8);
	}
	if (size < w->boxlen || size > UINT64_MAX / 2)
		w->boxes_end = true;
	w->box_at += size;
	w->boxlen = 0;
}

static void
watch_boxes(struct media_watch *w, const unsigned char *data, size_t len)
{
	uint64_t	skip, at = w->bytes;

	while (len > 0 && !w->boxes_end) {
		if (at < w->box_at) {
			skip = w->box_at - at < len ? w->box_at - at : len;
			data += skip;
			len -= skip;
			at += skip;
			continue;
		}
		take_box_byte(w, *data++);
		len--;
		at++;
	}
}

void
media_watch(struct media_watch *w, const void *bytes, size_t len)
{
	const unsigned char	*data = bytes;
	size_t			 n = sizeof(w->head) - w->headlen, keep;

	if (len == 0)
		return;
	watch_boxes(w, data, len);
	w->bytes += len;

	if (n > len)
		n = len;
	memcpy(w->head + w->headlen, data, n);
	w->headlen += n;

	n = len < sizeof(w->tail) ? len : sizeof(w->tail);
	keep = sizeof(w->tail) - n;
	if (keep > w->taillen)
		keep = w->taillen;
	memmove(w->tail, w->tail + w->taillen - keep, keep);
	memcpy(w->tail + keep, data + len - n, n);
	w->taillen = keep + n;
}

/* Types whose last bytes are always the same. */
static const struct {
	enum type	 type;
	const char	*bytes;
	size_t		 len;
} end_marks[] = {
	{ T_PNG, "IEND\xae\x42\x60\x82", 8 },
	{ T_JPG, "\xff\xd9", 2 },
	{ T_GIF, ";", 1 },
};

/* Types that say how long they are: a number at lengths[].at, and how many
 * bytes it does not count. */
static const struct {
	enum type	type;
	size_t		at;
	uint64_t	more;
} lengths[] = {
	{ T_WEBP, 4, 8 },
	{ T_WAV,  4, 8 },
	{ T_AVI,  4, 8 },
	{ T_GLB,  8, 0 },
};

/* A number in a header that stands for "as long as it comes": those who write
 * to a pipe put the greatest that they may. */
#define UNTOLD	UINT64_C(0x7ffff000)

static bool
says_more(enum type type, const struct media_watch *w)
{
	uint64_t	said;
	size_t		i;

	for (i = 0; i < LENGTH(lengths); i++) {
		if (type != lengths[i].type || w->headlen < lengths[i].at + 4)
			continue;
		said = little_endian_32(w->head + lengths[i].at);
		return said < UNTOLD && w->bytes < said + lengths[i].more;
	}
	return is_one_of(type, boxed, LENGTH(boxed)) && !w->boxes_end &&
	    w->bytes < w->box_at;
}

static bool
has_end_mark(enum type type, const struct media_watch *w)
{
	size_t	i;

	for (i = 0; i < LENGTH(end_marks); i++)
		if (type == end_marks[i].type)
			return w->taillen >= end_marks[i].len &&
			    memcmp(w->tail + w->taillen - end_marks[i].len,
			    end_marks[i].bytes, end_marks[i].len) == 0;
	return true;
}

enum media_end
media_end(const struct media *media, const struct media_watch *w)
{
	enum type	type = (enum type)(media - types);

	if (says_more(type, w))
		return MEDIA_SHORT;
	return has_end_mark(type, w) ? MEDIA_WHOLE : MEDIA_UNSURE;
}
