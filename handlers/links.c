/* Where the links of a result are: one rule for all providers. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/time.h"
#include "handlers/links.h"

#define LINKS_DEPTH_MAX	40	/* of values, with JSON in strings in JSON */
#define LINKS_TEXTS_MAX	3	/* strings of JSON within strings of JSON */
#define LINKS_URL_ROOM	8192

/* Members that repeat what was asked for, or say how to ask on.  A member whose
 * name begins with one of the last is passed over too. */
static const char *const links_echoes[] = {
	"input", "inputs", "request", "requests", "params", "parameters", "param",
	"prompt", "negative_prompt", "text", "description", "caption", "title",
	"lyrics", "message", "error", "errors", "detail", "details", "logs",
	"get", "cancel", "stream", "web", "status_url",
	"response_url", "cancel_url", "polling_url", "extra", "config",
	"metadata", "meta", "debug_info", "request_info", "usage", "task_info",
	"buttons", "options", "settings", "source", "sources",
};
static const char *const links_echo_beginnings[] = {
	"input_", "webhook", "callback", "notify", "ref_", "reference",
	"source_",
};

/* Parts of names of what comes beside a result, after it in our list. */
static const char *const links_beside[] = {
	"thumb", "cover", "poster", "preview", "firstframe", "lastframe",
	"origin", "watermark", "sprite", "gif", "grid", "snapshot",
};

/* What a member's name says of the links in it, the most telling first. */
static const struct {
	const char	*part, *array;
} links_kinds[] = {
	{ "thumb",   "images" }, { "cover",   "images" },
	{ "poster",  "images" }, { "frame",   "images" },
	{ "video",   "videos" }, { "movie",   "videos" },
	{ "audio",   "audios" }, { "music",   "audios" },
	{ "song",    "audios" }, { "voice",   "audios" },
	{ "speech",  "audios" }, { "sound",   "audios" },
	{ "image",   "images" }, { "picture", "images" },
	{ "photo",   "images" },
};

/* Names of members that say of what type, or until when, the links beside
 * them are. */
static const char *const links_types[] = {
	"content_type", "contentType", "mime_type", "mimeType", "mimetype",
	"media_type", "mediaType", "file_type", "fileType", "image_type",
	"video_type", "audio_type", "model_type", "format", "type", NULL
};
static const char *const links_ends[] = {
	"expires_at", "expiresAt", "expire_at", "expireAt", "expires",
	"expire_time", "expireTime", "expiration", "expiry", NULL
};
static const char *const links_ttls[] = {
	"image_url_ttl", "video_url_ttl", "audio_url_ttl", "model_url_ttl",
	"url_ttl", "ttl", "expires_in", "expiresIn", NULL
};

struct links {
	struct result		*result;
	struct link_facts	 facts;
	struct errbuf		*err;
	const char		*base;		/* before a path, or NULL */
	bool			 has_media;	/* films or sounds are beside: its
						   pictures are covers */
	bool			 beside;	/* take those beside, now */
	bool			 is_beside;	/* this one is */
	enum links_mode		 mode;
	bool			 in_place;	/* the member is a link's */
	size_t			 since;		/* of the outputs that count
						   as there already */
	bool			 ok;
	int			 depth, texts;
};

static void	links_take_value(struct links *, struct json_object *);

/* Lower case, without '_', '-' and blanks, for comparing names. */
static void
links_fold(const char *name, char folded[64])
{
	size_t	n = 0;

	for (; *name != '\0' && n + 1 < 64; name++)
		if (*name != '_' && *name != '-' && *name != ' ')
			folded[n++] = (char)tolower((unsigned char)*name);
	folded[n] = '\0';
}

static bool
links_is_echo(const char *name)
{
	size_t	i;

	for (i = 0; i < sizeof(links_echoes) / sizeof(links_echoes[0]); i++)
		if (strcasecmp(name, links_echoes[i]) == 0)
			return true;
	for (i = 0; i < sizeof(links_echo_beginnings) /
	    sizeof(links_echo_beginnings[0]); i++)
		if (strncasecmp(name, links_echo_beginnings[i],
		    strlen(links_echo_beginnings[i])) == 0)
			return true;
	return false;
}

static bool
links_is_beside(const char *name)
{
	char	folded[64];
	size_t	i;

	links_fold(name, folded);
	for (i = 0; i < sizeof(links_beside) / sizeof(links_beside[0]); i++)
		if (strstr(folded, links_beside[i]) != NULL)
			return true;
	return false;
}

/* Is it the name of a place for a link: "url", "image_urls", "videoLink"? */
bool
links_is_place(const char *name)
{
	static const char *const	ends[] = { "url", "urls", "uri",
					    "link", "links" };
	size_t				i, n = strlen(name), e;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		e = strlen(ends[i]);
		if (n >= e && strcasecmp(name + n - e, ends[i]) == 0)
			return true;
	}
	return false;
}

/* The kind that a name speaks of, as the name of a list; or NULL. */
static const char *
links_kind(const char *name)
{
	size_t	i;

	for (i = 0; i < sizeof(links_kinds) / sizeof(links_kinds[0]); i++)
		if (strcasestr(name, links_kinds[i].part) != NULL)
			return links_kinds[i].array;
	return NULL;
}

/* The first of these members that is there as a string, or NULL. */
static const char *
links_text(struct json_object *obj, const char *const *names)
{
	const char	*text = NULL;

	for (; text == NULL && *names != NULL; names++)
		text = json_string_at(obj, *names);
	return text;
}

/* The first of these members that is there as a whole number, or 0. */
static int64_t
links_number(struct json_object *obj, const char *const *names)
{
	int64_t	n = 0;

	for (; n == 0 && *names != NULL; names++)
		(void)json_int_at(obj, *names, &n);
	return n;
}

/* No file is kept beyond this century: then the number is another one. */
static usec_t
links_end(usec_t at)
{
	return at < INT64_C(4102444800) * USEC_PER_SEC ? at : 0;
}

/* What an object says of all the links in it. */
static void
links_facts(struct link_facts *facts, struct json_object *obj)
{
	const char	*text = links_text(obj, links_types);
	int64_t		 n;

	if (text != NULL)
		facts->declared_type = text;
	if ((n = links_number(obj, links_ends)) > 0)
		facts->expires_at = links_end(usec_from_epoch(n));
	else if ((text = links_text(obj, links_ends)) != NULL)
		facts->expires_at = links_end(time_parse_rfc3339(text));
	if ((n = links_number(obj, links_ttls)) > 0)
		facts->ttl_s = n;
}

/* ---- links in text ------------------------------------------------------ */

static bool
links_has_scheme(const char *text)
{
	return strncasecmp(text, "http://", 7) == 0 ||
	    strncasecmp(text, "https://", 8) == 0;
}

/* One byte of a link as browsers send it: some are dropped, some escaped. */
static void
links_clean_byte(struct buf *url, unsigned char c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		return;
	if (c <= 0x20 || c == 0x7f || strchr("\"<>`", c) != NULL)
		buf_printf(url, "%%%02X", c);
	else
		buf_bytes(url, &c, 1);
}

/*
 * Write the link that a text is, as a browser would ask for it: blanks and
 * control bytes at its ends are gone, those inside are percent-encoded or gone,
 * and "&amp;" is "&".  False: it is no link.
 */
static bool
links_clean(const char *text, const char *base, struct buf *url)
{
	size_t	i, len = strlen(text);

	while (len > 0 && (unsigned char)text[len - 1] <= 0x20)
		len--;
	for (; len > 0 && (unsigned char)*text <= 0x20; len--)
		text++;
	if (base != NULL && text[0] == '/' && text[1] != '/')
		buf_text(url, base);
	for (i = 0; i < len; i++) {
		if (strncmp(text + i, "&amp;", 5) == 0) {
			buf_text(url, "&");
			i += 4;
		} else
			links_clean_byte(url, (unsigned char)text[i]);
	}
	return buf_ok(url) && url->data != NULL && url_is_link(url->data);
}

static bool
links_has_url(const struct links *l, const char *url)
{
	const struct result	*r = l->result;
	size_t			 i;

	for (i = l->since; i < r->noutputs; i++)
		if (r->outputs[i].url != NULL &&
		    strcmp(r->outputs[i].url, url) == 0)
			return true;
	return false;
}

/* A sentence that begins with a link: but for a file's name with a blank. */
static bool
links_is_sentence(const char *text, const char *url)
{
	size_t	n = strlen(text);

	while (n > 0 && (unsigned char)text[n - 1] <= 0x20)
		n--;
	return strcspn(text, " \t\r\n") < n && !url_names_kind(url);
}

/* A text that is one link: add it, unless it is there or not its turn. */
static void
links_add(struct links *l, const char *text)
{
	char		mem[LINKS_URL_ROOM];
	struct buf	url;

	buf_over(&url, mem, sizeof(mem));
	if (l->is_beside != l->beside || !links_clean(text, l->base, &url) ||
	    links_has_url(l, url.data) ||
	    (l->mode == LINKS_AMONG_TEXTS && links_is_sentence(text, url.data)))
		return;
	l->ok = result_add_url(l->result, url.data, &l->facts, l->err);
}

/* "https://a,https://b", or one a line. */
static void
links_add_each(struct links *l, const char *text)
{
	char		 mem[LINKS_URL_ROOM];
	struct buf	 one;
	const char	*p, *end;

	for (p = text; l->ok && *p != '\0'; p = end) {
		for (end = p + 1; *end != '\0' && !(strchr(", ;\n", end[-1]) !=
		    NULL && links_has_scheme(end)); end++)
			;
		buf_over(&one, mem, sizeof(mem));
		buf_bytes(&one, p, (size_t)(end - p));
		while (one.len > 0 && strchr(", ;\n",
		    one.data[one.len - 1]) != NULL)
			buf_cut(&one, one.len - 1);
		links_add(l, one.data);
	}
}

/* JSON within a string, which some wrap twice. */
static void
links_take_json(struct links *l, const char *text)
{
	struct json_object	*doc;
	struct errbuf		 unused;

	if (l->texts >= LINKS_TEXTS_MAX ||
	    json_parse(text, strlen(text), &doc, &unused) != JSON_OK)
		return;
	l->texts++;
	links_take_value(l, doc);
	l->texts--;
	json_free(doc);
}

static void
links_take_text(struct links *l, const char *text)
{
	const char	*p = text;

	while (*p != '\0' && (unsigned char)*p <= 0x20)
		p++;
	if (*p == '{' || *p == '[' || *p == '"')
		links_take_json(l, p);
	else if (links_has_scheme(p))
		links_add_each(l, p);
	else if (l->base != NULL && p[0] == '/' && p[1] != '/')
		links_add(l, p);
	else if (*p != '\0' && l->in_place && l->mode == LINKS_OR_ODD &&
	    !l->beside && !l->is_beside)
		l->ok = result_add_url(l->result, p, &l->facts, l->err);
}

/* ---- links in values ---------------------------------------------------- */

static bool
links_is_media(const char *array)
{
	return array != NULL && (strcmp(array, "videos") == 0 ||
	    strcmp(array, "audios") == 0 || strcmp(array, "music") == 0);
}

static void
links_note_media(const char *name, struct json_object *value, void *arg)
{
	if (links_is_media(links_kind(name)) && !links_is_empty(value))
		*(bool *)arg = true;
}

static void
links_take_member(const char *name, struct json_object *value, void *arg)
{
	struct links	*l = arg, outer = *l;
	const char	*kind = links_kind(name);

	if (!l->ok || links_is_echo(name))
		return;
	/* Numbered keys stand for a list, whose name is the telling one. */
	if (name[strspn(name, "0123456789")] != '\0') {
		l->in_place = links_is_place(name);
		l->is_beside = outer.is_beside || links_is_beside(name) ||
		    (outer.has_media && kind != NULL && !links_is_media(kind));
		if (kind != NULL)
			l->facts.array_name = kind;
	}
	links_take_value(l, value);
	l->facts = outer.facts;
	l->has_media = outer.has_media;
	l->in_place = outer.in_place;
	l->is_beside = outer.is_beside;
}

static void
links_take_value(struct links *l, struct json_object *value)
{
	const char		*text = json_string(value);
	struct link_facts	 facts = l->facts;
	size_t			 i;

	if (++l->depth > LINKS_DEPTH_MAX || !l->ok) {
		l->depth--;
		return;
	}
	if (text != NULL)
		links_take_text(l, text);
	for (i = 0; l->ok && i < json_length(value); i++)
		links_take_value(l, json_item(value, i));
	if (json_is_object(value)) {
		l->has_media = links_is_media(l->facts.array_name);
		json_each(value, links_note_media, &l->has_media);
		links_facts(&l->facts, value);
		json_each(value, links_take_member, l);
		l->facts = facts;
	}
	l->depth--;
}

bool
links_take(struct result *r, struct json_object *value, enum links_mode mode,
    const char *base, const struct link_facts *facts, struct errbuf *err)
{
	struct links	l = { .result = r, .facts = *facts, .err = err,
			    .base = base, .mode = mode,
			    .ok = true };

	links_take_value(&l, value);
	l.beside = true;
	links_take_value(&l, value);
	return l.ok;
}

bool
links_take_item(struct result *r, struct json_object *item, enum links_mode mode,
    const char *base, const struct link_facts *facts, struct errbuf *err)
{
	struct links	l = { .result = r, .facts = *facts, .err = err,
			    .base = base, .mode = mode,
			    .since = r->noutputs, .ok = true };

	links_take_value(&l, item);
	/* Nothing but a cover: then that is the output. */
	l.beside = r->noutputs == l.since;
	if (l.beside)
		links_take_value(&l, item);
	return l.ok;
}

static void
links_note_content(const char *name, struct json_object *value, void *arg)
{
	(void)name;
	if (!links_is_empty(value))
		*(bool *)arg = false;
}

/* "", or JSON that is. */
static bool
links_text_is_empty(const char *text)
{
	struct json_object	*doc;
	struct errbuf		 unused;
	bool			 empty;

	if (*text == '\0')
		return true;
	if (strchr("{[\"n", *text) == NULL ||
	    json_parse(text, strlen(text), &doc, &unused) != JSON_OK)
		return false;
	empty = links_is_empty(doc);
	json_free(doc);
	return empty;
}

bool
links_is_empty(struct json_object *value)
{
	const char	*text = json_string(value);
	bool		 empty = text == NULL || links_text_is_empty(text);
	size_t		 i;

	for (i = 0; empty && i < json_length(value); i++)
		empty = links_is_empty(json_item(value, i));
	json_each(value, links_note_content, &empty);
	return empty;
}
