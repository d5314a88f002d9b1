#include <string.h>
#include <strings.h>

#include "media.h"

enum type {
	T_PNG, T_JPG, T_GIF, T_WEBP, T_AVIF, T_HEIC, T_BMP, T_TIFF, T_SVG,
	T_MP4, T_MOV, T_WEBM, T_MKV, T_AVI, T_MP3, T_WAV, T_FLAC, T_OGG,
	T_M4A, T_AAC, T_GLB, T_PLY, T_FBX, T_PDF, T_ZIP, T_GZIP,
	T_HTML, T_XML, T_JSON, T_TEXT, T_BINARY, T__MAX
};

static const struct media types[] = {
	[T_PNG]	   = { "image/png",		"png" },
	[T_JPG]	   = { "image/jpeg",		"jpg" },
	[T_GIF]	   = { "image/gif",		"gif" },
	[T_WEBP]   = { "image/webp",		"webp" },
	[T_AVIF]   = { "image/avif",		"avif" },
	[T_HEIC]   = { "image/heic",		"heic" },
	[T_BMP]	   = { "image/bmp",		"bmp" },
	[T_TIFF]   = { "image/tiff",		"tif" },
	[T_SVG]	   = { "image/svg+xml",		"svg" },
	[T_MP4]	   = { "video/mp4",		"mp4" },
	[T_MOV]	   = { "video/quicktime",	"mov" },
	[T_WEBM]   = { "video/webm",		"webm" },
	[T_MKV]	   = { "video/x-matroska",	"mkv" },
	[T_AVI]	   = { "video/x-msvideo",	"avi" },
	[T_MP3]	   = { "audio/mpeg",		"mp3" },
	[T_WAV]	   = { "audio/wav",		"wav" },
	[T_FLAC]   = { "audio/flac",		"flac" },
	[T_OGG]	   = { "audio/ogg",		"ogg" },
	[T_M4A]	   = { "audio/mp4",		"m4a" },
	[T_AAC]	   = { "audio/aac",		"aac" },
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

/* The first row that matches in both places decides. */
static const struct magic {
	size_t		 at;
	const char	*bytes;
	size_t		 len;
	size_t		 at2;
	const char	*bytes2;
	size_t		 len2;
	enum type	 type;
} magics[] = {
	{ 0, "\x89PNG\r\n\x1a\n", 8,	0, "", 0,	T_PNG },
	{ 0, "\xff\xd8\xff", 3,		0, "", 0,	T_JPG },
	{ 0, "GIF87a", 6,		0, "", 0,	T_GIF },
	{ 0, "GIF89a", 6,		0, "", 0,	T_GIF },
	{ 0, "RIFF", 4,			8, "WEBP", 4,	T_WEBP },
	{ 0, "RIFF", 4,			8, "WAVE", 4,	T_WAV },
	{ 0, "RIFF", 4,			8, "AVI ", 4,	T_AVI },
	{ 4, "ftyp", 4,			8, "qt  ", 4,	T_MOV },
	{ 4, "ftyp", 4,			8, "M4A ", 4,	T_M4A },
	{ 4, "ftyp", 4,			8, "avi", 3,	T_AVIF },
	{ 4, "ftyp", 4,			8, "hei", 3,	T_HEIC },
	{ 4, "ftyp", 4,			8, "mif1", 4,	T_HEIC },
	{ 4, "ftyp", 4,			0, "", 0,	T_MP4 },
	{ 4, "moov", 4,			0, "", 0,	T_MOV },
	{ 4, "mdat", 4,			0, "", 0,	T_MOV },
	{ 0, "ID3", 3,			0, "", 0,	T_MP3 },
	{ 0, "fLaC", 4,			0, "", 0,	T_FLAC },
	{ 0, "OggS", 4,			0, "", 0,	T_OGG },
	{ 0, "glTF", 4,			0, "", 0,	T_GLB },
	{ 0, "ply\n", 4,		0, "", 0,	T_PLY },
	{ 0, "ply\r", 4,		0, "", 0,	T_PLY },
	{ 0, "Kaydara FBX Binary", 18,	0, "", 0,	T_FBX },
	{ 0, "%PDF-", 5,		0, "", 0,	T_PDF },
	{ 0, "PK\x03\x04", 4,		0, "", 0,	T_ZIP },
	{ 0, "\x1f\x8b\x08", 3,		0, "", 0,	T_GZIP },
	{ 0, "BM", 2,			6, "\0\0\0\0", 4, T_BMP },
	{ 0, "II*\0", 4,		0, "", 0,	T_TIFF },
	{ 0, "MM\0*", 4,		0, "", 0,	T_TIFF },
};

/* How a text begins, behind blanks; letter case does not matter. */
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
contains(const unsigned char *head, size_t len, const char *word)
{
	return memmem(head, len, word, strlen(word)) != NULL;
}

/* An MPEG audio frame's header (ISO 11172-3, 2.4.1.3), or ADTS's (13818-7). */
static enum type
sniff_frame(const unsigned char *head, size_t len)
{
	if (len < 4 || head[0] != 0xff)
		return T_BINARY;
	if ((head[1] & 0xf6) == 0xf0)
		return T_AAC;
	if ((head[1] & 0xe6) == 0xe2 && (head[2] & 0xf0) != 0xf0 &&
	    (head[2] & 0x0c) != 0x0c)
		return T_MP3;
	return T_BINARY;
}

static bool
is_text(const unsigned char *head, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if (head[i] < 0x20 && strchr("\t\n\r\f\033", head[i]) == NULL)
			return false;
	return memchr(head, '\0', len) == NULL;
}

static enum type
sniff_text(const unsigned char *head, size_t len)
{
	size_t	i, n;

	if (bytes_at(head, len, 0, "\xef\xbb\xbf", 3)) {
		head += 3;
		len -= 3;
	}
	while (len > 0 && strchr(" \t\r\n", *head) != NULL && *head != '\0') {
		head++;
		len--;
	}
	for (i = 0; i < LENGTH(texts); i++) {
		n = strlen(texts[i].start);
		if (len < n || strncasecmp((const char *)head, texts[i].start,
		    n) != 0)
			continue;
		if (texts[i].type != T_XML)
			return texts[i].type;
		return contains(head, len, "<svg") ? T_SVG :
		    contains(head, len, "<html") ? T_HTML : T_XML;
	}
	return T_TEXT;
}

static enum type
sniff(const unsigned char *head, size_t len)
{
	const struct magic	*m;
	enum type		 type;
	size_t			 i;

	for (i = 0; i < LENGTH(magics); i++) {
		m = &magics[i];
		if (bytes_at(head, len, m->at, m->bytes, m->len) &&
		    bytes_at(head, len, m->at2, m->bytes2, m->len2))
			return m->type;
	}
	if (bytes_at(head, len, 0, "\x1a\x45\xdf\xa3", 4))
		return contains(head, len < 64 ? len : 64, "webm") ? T_WEBM :
		    T_MKV;
	if ((type = sniff_frame(head, len)) != T_BINARY)
		return type;
	return is_text(head, len) ? sniff_text(head, len) : T_BINARY;
}

const struct media *
media_sniff(const void *head, size_t len)
{
	return &types[sniff(head, len)];
}

bool
media_fits(const struct media *media, const char *kind, size_t len,
    struct errbuf *why)
{
	bool	any = strcmp(kind, "file") == 0 || strcmp(kind, "text") == 0;

	if (len == 0) {
		errbuf_set(why, "the file is empty");
		return false;
	}
	if (media == &types[T_HTML] || (!any && (media == &types[T_XML] ||
	    media == &types[T_JSON] || media == &types[T_TEXT]))) {
		errbuf_set(why, "got %s where %s is due", media->content_type,
		    strcmp(kind, "file") == 0 ? "a file" : kind);
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

static const enum type boxed[] = { T_MP4, T_MOV, T_M4A, T_AVIF, T_HEIC };

enum media_end
media_end(const struct media *media, const struct media_watch *w)
{
	size_t	i;

	for (i = 0; i < LENGTH(end_marks); i++)
		if (media == &types[end_marks[i].type] &&
		    (w->taillen < end_marks[i].len ||
		    memcmp(w->tail + w->taillen - end_marks[i].len,
		    end_marks[i].bytes, end_marks[i].len) != 0))
			return MEDIA_UNSURE;
	for (i = 0; i < LENGTH(lengths); i++)
		if (media == &types[lengths[i].type] &&
		    w->headlen >= lengths[i].at + 4 &&
		    w->bytes < little_endian_32(w->head + lengths[i].at) +
		    lengths[i].more)
			return MEDIA_SHORT;
	for (i = 0; i < LENGTH(boxed); i++)
		if (media == &types[boxed[i]] && !w->boxes_end &&
		    w->bytes < w->box_at)
			return MEDIA_SHORT;
	return MEDIA_WHOLE;
}
