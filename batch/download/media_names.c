/* What a file is by its name, where its bytes leave it open; and whether they can
 * be what it is called. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/utf8.h"
#include "batch/download/media_types.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/* Extensions, and the names that servers have for the same. */
static const struct {
	const char	*name;
	enum media_type	 type;
} names_all[] = {
	{ "alaw",			MEDIA_ALAW },
	{ "al",				MEDIA_ALAW },
	{ "audio/x-alaw-basic",		MEDIA_ALAW },
	{ "audio/x-alaw",		MEDIA_ALAW },
	{ "audio/alaw",			MEDIA_ALAW },
	{ "audio/g711-alaw",		MEDIA_ALAW },
	{ "audio/pcma",			MEDIA_ALAW },
	{ "ulaw",			MEDIA_ULAW },
	{ "mulaw",			MEDIA_ULAW },
	{ "ul",				MEDIA_ULAW },
	{ "audio/basic",		MEDIA_ULAW },
	{ "audio/mulaw",		MEDIA_ULAW },
	{ "audio/x-mulaw",		MEDIA_ULAW },
	{ "audio/ulaw",			MEDIA_ULAW },
	{ "audio/x-ulaw",		MEDIA_ULAW },
	{ "audio/g711-mulaw",		MEDIA_ULAW },
	{ "audio/pcmu",			MEDIA_ULAW },
	{ "pcm",			MEDIA_PCM },
	{ "audio/pcm",			MEDIA_PCM },
	{ "audio/x-pcm",		MEDIA_PCM },
	{ "audio/l16",			MEDIA_PCM },
	{ "obj",			MEDIA_OBJ },
	{ "model/obj",			MEDIA_OBJ },
	{ "mtl",			MEDIA_MTL },
	{ "model/mtl",			MEDIA_MTL },
	{ "stl",			MEDIA_STL },
	{ "model/stl",			MEDIA_STL },
	{ "model/x.stl-ascii",		MEDIA_STL },
	{ "model/x.stl-binary",		MEDIA_STL },
	{ "application/sla",		MEDIA_STL },
	{ "gltf",			MEDIA_GLTF },
	{ "model/gltf+json",		MEDIA_GLTF },
	{ "usd",			MEDIA_USD },
	{ "usda",			MEDIA_USD },
	{ "usdc",			MEDIA_USD },
	{ "usdz",			MEDIA_USDZ },
	{ "model/vnd.usdz+zip",		MEDIA_USDZ },
	{ "model/usd",			MEDIA_USDZ },
	{ "3mf",			MEDIA_3MF },
	{ "model/3mf",			MEDIA_3MF },
	{ "dae",			MEDIA_DAE },
	{ "model/vnd.collada+xml",	MEDIA_DAE },
	{ "fbx",			MEDIA_FBX },
	{ "hdr",			MEDIA_HDR },
	{ "tga",			MEDIA_TGA },
	{ "jsonl",			MEDIA_JSONL },
	{ "ndjson",			MEDIA_JSONL },
	{ "application/jsonl",		MEDIA_JSONL },
	{ "application/x-ndjson",	MEDIA_JSONL },
	{ "application/x-jsonlines",	MEDIA_JSONL },
};

/* --- can these bytes be that? */

static const char *
names_line(const struct media_watch *w, const char *at)
{
	return memchr(at, '\n', (size_t)((const char *)w->head + w->headlen -
	    at));
}

/* The first line that is neither empty nor a comment, or NULL: the head has only
 * such. */
static const char *
names_first_line(const struct media_watch *w, char comment)
{
	const char	*at = (const char *)w->head, *end = at + w->headlen;

	while (at != NULL && at < end) {
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (at < end && *at != comment)
			return at;
		if ((at = names_line(w, at)) != NULL)
			at++;
	}
	return NULL;
}

static bool
names_begins(const struct media_watch *w, const char *at, const char *word)
{
	size_t	left = (size_t)((const char *)w->head + w->headlen - at);

	return left >= strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* Does the line begin with one of these words, and a blank? */
static bool
names_has_word(const struct media_watch *w, const char *line,
    const char *const *words)
{
	for (; *words != NULL; words++)
		if (names_begins(w, line, *words) &&
		    (line + strlen(*words) >= (const char *)w->head +
		    w->headlen || isspace((unsigned char)line[strlen(*words)])))
			return true;
	return false;
}

static bool
names_can_be_obj(const struct media_watch *w)
{
	static const char *const	words[] = { "v", "vt", "vn", "vp", "f",
	    "o", "g", "s", "l", "p", "mtllib", "usemtl", NULL };
	const char			*line = names_first_line(w, '#');

	return line == NULL || names_has_word(w, line, words);
}

static bool
names_can_be_mtl(const struct media_watch *w)
{
	static const char *const	words[] = { "newmtl", NULL };
	const char			*line = names_first_line(w, '#');

	return line == NULL || names_has_word(w, line, words);
}

/* As text; as data there is nothing in its first 80 bytes that has to be. */
static bool
names_can_be_stl(const struct media_watch *w)
{
	static const char *const	words[] = { "solid", NULL };
	const char			*line = names_first_line(w, '\0');

	return memchr(w->head, '\0', w->headlen) != NULL ||
	    (line != NULL && names_has_word(w, line, words));
}

static bool
names_can_be_usd(const struct media_watch *w)
{
	return names_begins(w, (const char *)w->head, "#usda") ||
	    names_begins(w, (const char *)w->head, "PXR-USDC");
}

static bool
names_can_be_fbx(const struct media_watch *w)
{
	const char	*line = names_first_line(w, ';');

	return line == NULL || names_begins(w, line, "FBX");
}

static bool
names_can_be_hdr(const struct media_watch *w)
{
	return names_begins(w, (const char *)w->head, "#?");
}

/* The members at the top of a document (glTF 2.0, section 5.17): an answer about
 * an error has others. */
static bool
names_can_be_gltf(const struct media_watch *w)
{
	static const char *const	members[] = { "accessors", "animations",
	    "asset", "bufferViews", "buffers", "cameras", "extensions",
	    "extensionsRequired", "extensionsUsed", "extras", "images",
	    "materials", "meshes", "nodes", "samplers", "scene", "scenes",
	    "skins", "textures" };
	const char			*at = memchr(w->head, '"', w->headlen),
					*end;
	size_t				 i;

	if (at++ == NULL || (end = memchr(at, '"', (size_t)((const char *)
	    w->head + w->headlen - at))) == NULL)
		return false;
	for (i = 0; i < LENGTH(members); i++)
		if (strlen(members[i]) == (size_t)(end - at) &&
		    memcmp(members[i], at, (size_t)(end - at)) == 0)
			return true;
	return false;
}

/* Not one of the tags that a page has. */
static bool
names_can_be_dae(const struct media_watch *w)
{
	return memmem(w->head, w->headlen, "<COLLADA", 8) != NULL;
}

static bool
names_is_utf8(const struct media_watch *w)
{
	size_t	at, n;

	for (at = 0; at < w->headlen; at += n)
		if ((n = utf8_length(w->head + at, w->headlen - at)) == 0)
			/* The head may end within a character. */
			return w->headlen == MEDIA_HEAD &&
			    w->headlen - at < 4;
	return true;
}

/*
 * Sound has no head.  When it is quiet its bytes are few, and may all be those of
 * letters; words have more, and blanks between, and read as UTF-8 or are mostly
 * ASCII.
 */
static bool
names_can_be_sound(const struct media_watch *w)
{
	bool	seen[256] = { false };
	size_t	i, kinds = 0, beyond = 0;

	for (i = 0; i < w->headlen; i++) {
		kinds += !seen[w->head[i]];
		seen[w->head[i]] = true;
		beyond += w->head[i] >= 0x80;
	}
	return kinds <= 4 || (!seen[' '] && !seen['\n']) ||
	    (!names_is_utf8(w) && beyond >= w->headlen / 4);
}

#define OF(type)	(1u << ((type) - MEDIA_HTML))
_Static_assert(MEDIA__MAX - MEDIA_HTML < 32, "OF() has no room");
#define TEXT	OF(MEDIA_TEXT)
#define DATA	OF(MEDIA_BINARY)

/* What the bytes have to say for a name to be believed. */
static const struct {
	enum media_type	type;
	unsigned	from;		/* they are one of these */
	bool		zip;		/* or a zip */
	bool		(*can_be)(const struct media_watch *);
} names_rules[] = {
	{ MEDIA_ALAW,	TEXT | DATA,	false, names_can_be_sound },
	{ MEDIA_ULAW,	TEXT | DATA,	false, names_can_be_sound },
	{ MEDIA_PCM,	TEXT | DATA,	false, names_can_be_sound },
	{ MEDIA_OBJ,	TEXT,		false, names_can_be_obj },
	{ MEDIA_MTL,	TEXT,		false, names_can_be_mtl },
	{ MEDIA_STL,	TEXT | DATA,	false, names_can_be_stl },
	{ MEDIA_GLTF,	OF(MEDIA_JSON),	false, names_can_be_gltf },
	{ MEDIA_USD,	TEXT | DATA,	false, names_can_be_usd },
	{ MEDIA_USDZ,	0,		true,  NULL },
	{ MEDIA_3MF,	0,		true,  NULL },
	{ MEDIA_DAE,	OF(MEDIA_XML),	false, names_can_be_dae },
	{ MEDIA_FBX,	TEXT,		false, names_can_be_fbx },
	{ MEDIA_HDR,	TEXT | DATA,	false, names_can_be_hdr },
	{ MEDIA_TGA,	DATA,		false, NULL },
	{ MEDIA_JSONL,	OF(MEDIA_JSON),	false, NULL },
};

static bool
names_fits(enum media_type name, enum media_type bytes,
    const struct media_watch *w)
{
	size_t	i;

	for (i = 0; i < LENGTH(names_rules); i++)
		if (names_rules[i].type == name)
			return ((names_rules[i].zip && bytes == MEDIA_ZIP) ||
			    (bytes >= MEDIA_HTML &&
			    (names_rules[i].from & OF(bytes)) != 0)) &&
			    (names_rules[i].can_be == NULL ||
			    names_rules[i].can_be(w));
	return false;
}

/* --- the names */

/* MEDIA_BINARY: it is none. */
static enum media_type
names_find(const char *name, size_t len)
{
	size_t	i;

	for (i = 0; i < LENGTH(names_all); i++)
		if (strlen(names_all[i].name) == len &&
		    strncasecmp(names_all[i].name, name, len) == 0)
			return names_all[i].type;
	return MEDIA_BINARY;
}

/* The type by the extension of a link's path, or else of the first parameter
 * that has one (…/view?filename=mesh.obj&type=output). */
static enum media_type
names_of_link(const char *link)
{
	size_t		len, dot;
	enum media_type	type = MEDIA_BINARY;

	while (type == MEDIA_BINARY && *link != '\0' && *link != '#') {
		len = strcspn(link, "?&#");
		for (dot = len; dot > 0 && link[dot - 1] != '.' &&
		    link[dot - 1] != '/' && link[dot - 1] != '='; dot--)
			;
		if (dot > 0 && link[dot - 1] == '.')
			type = names_find(link + dot, len - dot);
		link += len;
		link += *link == '?' || *link == '&';
	}
	return type;
}

const struct media *
media_named(const struct media *media, const struct media_watch *w,
    const char *link, const char *content_type)
{
	enum media_type	bytes = media_type_of(media),
			name = names_of_link(link);

	if (!names_fits(name, bytes, w))
		name = names_find(content_type, strcspn(content_type, "; \t"));
	return names_fits(name, bytes, w) ? &media_types[name] : media;
}
