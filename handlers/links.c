/* Where the links of a result are: one rule for all providers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/time.h"
#include "handlers/embedded.h"
#include "handlers/links.h"

#define LINKS_DEPTH_MAX	40	/* of values, with JSON in strings in JSON */
#define LINKS_TEXTS_MAX	3	/* strings of JSON within strings of JSON */
#define LINKS_NAME_ROOM	64
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

/* Members that say of what type, or until when, the links beside them are; of
 * two of one sort, the one that stands first here. */
static const struct links_fact {
	const char	*name;
	enum { LINKS_TYPE, LINKS_END, LINKS_TTL, LINKS_FACTS } sort;
} links_fact_names[] = {
	{ "content_type",  LINKS_TYPE }, { "contentType",   LINKS_TYPE },
	{ "mime_type",	   LINKS_TYPE }, { "mimeType",	    LINKS_TYPE },
	{ "mimetype",	   LINKS_TYPE }, { "media_type",    LINKS_TYPE },
	{ "mediaType",	   LINKS_TYPE }, { "file_type",     LINKS_TYPE },
	{ "fileType",	   LINKS_TYPE }, { "image_type",    LINKS_TYPE },
	{ "video_type",	   LINKS_TYPE }, { "audio_type",    LINKS_TYPE },
	{ "model_type",	   LINKS_TYPE }, { "format",	    LINKS_TYPE },
	{ "type",	   LINKS_TYPE },
	{ "expires_at",	   LINKS_END },	 { "expiresAt",	    LINKS_END },
	{ "expire_at",	   LINKS_END },	 { "expireAt",	    LINKS_END },
	{ "expires",	   LINKS_END },	 { "expire_time",   LINKS_END },
	{ "expireTime",	   LINKS_END },	 { "expiration",    LINKS_END },
	{ "expiry",	   LINKS_END },
	{ "image_url_ttl", LINKS_TTL },	 { "video_url_ttl", LINKS_TTL },
	{ "audio_url_ttl", LINKS_TTL },	 { "model_url_ttl", LINKS_TTL },
	{ "url_ttl",	   LINKS_TTL },	 { "ttl",	    LINKS_TTL },
	{ "expires_in",	   LINKS_TTL },	 { "expiresIn",	    LINKS_TTL },
};

/* An object that is being looked through, within another one. */
struct links_frame {
	struct json_object		*obj;
	const struct links_frame	*outer;
};

struct links {
	struct result		*result;
	struct link_facts	 facts;
	struct errbuf		*err;
	const char		*base;		/* before a path, or NULL */
	const struct links_frame *frame;	/* the innermost, or NULL */
	bool			 beside;	/* take those beside, now */
	bool			 is_beside;	/* this one is */
	bool			 some_beside;	/* there are any */
	enum links_mode		 mode;
	bool			 in_place;	/* the member is a link's */
	bool			 in_base64;	/* the member says Base64 */
	bool			 name_is_bare;	/* facts.name is; or NULL */
	size_t			 since;		/* of the outputs that count
						   as there already */
	const struct links_done	*done;		/* or NULL */
	bool			 ok;
	int			 depth, texts;
};

static void	links_take_value(struct links *, struct json_object *);

/* Lower case, without '_', '-' and blanks, for comparing names. */
static void
links_fold(const char *name, char folded[LINKS_NAME_ROOM])
{
	size_t	n = 0;

	for (; *name != '\0' && n + 1 < LINKS_NAME_ROOM; name++)
		if (*name != '_' && *name != '-' && *name != ' ')
			folded[n++] = (char)tolower((unsigned char)*name);
	folded[n] = '\0';
}

/* strstr(3) prepares for long texts; names are short, and many. */
static bool
links_has_part(const char *folded, const char *part)
{
	size_t	n;

	for (; *folded != '\0'; folded++) {
		for (n = 0; part[n] != '\0' && folded[n] == part[n]; n++)
			;
		if (part[n] == '\0')
			return true;
	}
	return false;
}

static bool
links_is_echo(const char *name)
{
	int	first = tolower((unsigned char)*name);
	size_t	i;

	for (i = 0; i < sizeof(links_echoes) / sizeof(links_echoes[0]); i++)
		if (links_echoes[i][0] == first &&
		    strcasecmp(name, links_echoes[i]) == 0)
			return true;
	for (i = 0; i < sizeof(links_echo_beginnings) /
	    sizeof(links_echo_beginnings[0]); i++)
		if (links_echo_beginnings[i][0] == first &&
		    strncasecmp(name, links_echo_beginnings[i],
		    strlen(links_echo_beginnings[i])) == 0)
			return true;
	return false;
}

static bool
links_is_beside(const char *folded)
{
	size_t	i;

	for (i = 0; i < sizeof(links_beside) / sizeof(links_beside[0]); i++)
		if (links_has_part(folded, links_beside[i]))
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

/* The kind that a folded name speaks of, as the name of a list; or NULL. */
static const char *
links_kind(const char *folded)
{
	size_t	i;

	for (i = 0; i < sizeof(links_kinds) / sizeof(links_kinds[0]); i++)
		if (links_has_part(folded, links_kinds[i].part))
			return links_kinds[i].array;
	return NULL;
}

/* No file is kept beyond this century: then the number is another one. */
static usec_t
links_end(usec_t at)
{
	return at < INT64_C(4102444800) * USEC_PER_SEC ? at : 0;
}

/* The best members of an object for each sort of fact, by their rows. */
struct links_found {
	size_t			 row[LINKS_FACTS];
	struct json_object	*value[LINKS_FACTS];
};

/* A member's value tells something: text, or a number that is not 0. */
static bool
links_tells(struct json_object *value, int sort)
{
	int64_t	n;

	return json_int(value, &n) ? n > 0 :
	    sort != LINKS_TTL && json_string(value) != NULL;
}

static void
links_note_fact(const char *name, struct json_object *value, void *arg)
{
	struct links_found	*found = arg;
	size_t			 i;
	int			 sort;

	for (i = 0; i < sizeof(links_fact_names) / sizeof(links_fact_names[0]);
	    i++) {
		sort = (int)links_fact_names[i].sort;
		if (name[0] == links_fact_names[i].name[0] &&
		    strcmp(name, links_fact_names[i].name) == 0 &&
		    (found->value[sort] == NULL || i < found->row[sort]) &&
		    links_tells(value, sort)) {
			found->row[sort] = i;
			found->value[sort] = value;
		}
	}
}

/* What an object says of all the links in it. */
static void
links_facts(struct link_facts *facts, struct json_object *obj)
{
	struct links_found	 found = { { 0 }, { NULL } };
	struct json_object	*value;
	int64_t			 n;

	json_each(obj, links_note_fact, &found);
	if (json_string(found.value[LINKS_TYPE]) != NULL)
		facts->declared_type = json_string(found.value[LINKS_TYPE]);
	if ((value = found.value[LINKS_END]) != NULL)
		facts->expires_at = links_end(json_int(value, &n) ?
		    usec_from_epoch(n) :
		    time_parse_rfc3339(json_string(value)));
	if (json_int(found.value[LINKS_TTL], &n))
		facts->ttl_s = n;
}

/* What all objects around a link say of it, the innermost last. */
static void
links_facts_around(struct link_facts *facts, const struct links_frame *frame)
{
	if (frame == NULL)
		return;
	links_facts_around(facts, frame->outer);
	links_facts(facts, frame->obj);
}

/* ---- links in text ------------------------------------------------------ */

bool
links_has_scheme(const char *text)
{
	return strncasecmp(text, "http://", 7) == 0 ||
	    strncasecmp(text, "https://", 8) == 0;
}

/* Bytes beyond the blank that may not stand in a link as they are. */
static const bool	links_is_odd_byte[256] = {
	['"'] = true, ['<'] = true, ['>'] = true, ['`'] = true, [0x7f] = true,
	['&'] = true,			/* perhaps of "&amp;" */
};

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
	size_t	i, plain, len = strlen(text);

	while (len > 0 && (unsigned char)text[len - 1] <= 0x20)
		len--;
	for (; len > 0 && (unsigned char)*text <= 0x20; len--)
		text++;
	if (base != NULL && text[0] == '/' && text[1] != '/')
		buf_text(url, base);
	/* Most links are as they should be. */
	for (plain = 0; plain < len && (unsigned char)text[plain] > 0x20 &&
	    !links_is_odd_byte[(unsigned char)text[plain]]; plain++)
		;
	buf_bytes(url, text, plain);
	for (i = plain; i < len; i++) {
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

/* A text that is no link: where it stands in the place of one, and that of a
 * result, it has to be seen that it is missing. */
static void
links_add_odd(struct links *l, const char *text)
{
	struct link_facts	facts = l->facts;

	if (l->mode != LINKS_OR_ODD || !l->in_place || l->beside ||
	    l->is_beside || links_text_is_empty(text))
		return;
	links_facts_around(&facts, l->frame);
	l->ok = result_add_url(l->result, text, &facts, l->err);
}

/* A text that is one link: add it, unless it is there or not its turn. */
static void
links_add(struct links *l, const char *text)
{
	char			mem[LINKS_URL_ROOM];
	struct buf		url;
	struct link_facts	facts = l->facts;

	buf_over(&url, mem, sizeof(mem));
	l->some_beside = l->some_beside || l->is_beside;
	if (l->is_beside != l->beside)
		return;
	if (!links_clean(text, l->base, &url)) {
		links_add_odd(l, text);
		return;
	}
	if (links_has_url(l, url.data) || (l->mode == LINKS_AMONG_TEXTS && links_is_sentence(text, url.data)))
		return;
	links_facts_around(&facts, l->frame);
	l->ok = result_add_url(l->result, url.data, &facts, l->err);
}

/* "https://a,https://b", or one a line. */
static void
links_add_each(struct links *l, const char *text)
{
	char		 mem[LINKS_URL_ROOM];
	struct buf	 one;
	const char	*p, *end;

	for (p = text; l->ok && *p != '\0'; p = end) {
		for (end = p; (end = strpbrk(end, ", ;\n")) != NULL &&
		    !links_has_scheme(end + 1); end++)
			;
		end = end != NULL ? end + 1 : p + strlen(p);
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

static bool
links_has_data(const struct links *l, const struct embedded *file)
{
	const struct result	*r = l->result;
	size_t			 i;

	for (i = l->since; i < r->noutputs; i++)
		if (r->outputs[i].data != NULL &&
		    r->outputs[i].datalen == file->len &&
		    memcmp(r->outputs[i].data, file->data, file->len) == 0)
			return true;
	return false;
}

/* A file in the payload itself.  False: the text is none. */
static bool
links_take_embedded(struct links *l, const char *text)
{
	struct link_facts	facts = l->facts;
	struct embedded		file;

	if (!l->in_base64 && !embedded_begins(text))
		return false;
	l->some_beside = l->some_beside || l->is_beside;
	if (l->is_beside != l->beside)
		return true;
	switch (embedded_decode(text, l->in_base64, &file)) {
	case EMBEDDED_FILE:
		if (links_has_data(l, &file)) {
			free(file.data);
			return true;
		}
		links_facts_around(&facts, l->frame);
		l->ok = result_add_data(l->result, file.type, file.data,
		    file.len, &facts, l->err);
		return true;
	case EMBEDDED_NO_MEMORY:
		l->ok = false;
		(void)errbuf_no_memory(l->err);
		return true;
	case EMBEDDED_NONE:
	case EMBEDDED_BROKEN:
		break;
	}
	return false;
}

static void
links_take_text(struct links *l, const char *text)
{
	const char	*p = text;

	while (*p != '\0' && (unsigned char)*p <= 0x20)
		p++;
	if (links_take_embedded(l, p))
		return;
	if (*p == '{' || *p == '[' || *p == '"')
		links_take_json(l, p);
	else if (links_has_scheme(p))
		links_add_each(l, p);
	else if (l->base != NULL && p[0] == '/' && p[1] != '/')
		links_add(l, p);
	else
		links_add_odd(l, p);
}

/* ---- links in values ---------------------------------------------------- */

static bool
links_is_media(const char *array)
{
	return array != NULL && (strcmp(array, "videos") == 0 ||
	    strcmp(array, "audios") == 0);
}

/* A quick look, as most members are no links: may this one hold some? */
static bool
links_may_hold(struct json_object *value)
{
	const char	*p = json_string(value);

	if (p == NULL)
		return json_length(value) > 0 || json_members(value) > 0;
	while (*p != '\0' && (unsigned char)*p <= 0x20)
		p++;
	return *p != '\0' && (strchr("hH/{[\"", *p) != NULL ||
	    embedded_begins(p));
}

static void
links_note_media(const char *name, struct json_object *value, void *arg)
{
	bool	*has_media = arg;
	char	 folded[LINKS_NAME_ROOM];

	if (*has_media || !links_may_hold(value))
		return;
	links_fold(name, folded);
	*has_media = links_is_media(links_kind(folded));
}

/* All links of it were taken already, item by item. */
static bool
links_was_read(const struct links *l, const struct json_object *value)
{
	size_t	i;

	for (i = 0; l->done != NULL && i < l->done->n; i++)
		if (l->done->value[i] == value)
			return true;
	return false;
}

/* Are there films or sounds in an object, or is it of a list of these?  Then its
 * pictures are covers. */
static bool
links_has_media(const struct links *l)
{
	bool	has_media = links_is_media(l->facts.array_name);

	json_each(l->frame->obj, links_note_media, &has_media);
	return has_media;
}

static bool
links_names_base64(const char *name)
{
	char	folded[LINKS_NAME_ROOM];

	links_fold(name, folded);
	return embedded_is_name(folded);
}

/* Names that say that here is a link or a file, and not which. */
static bool
links_is_bare(const char *folded)
{
	static const char *const	bare[] = {
		"url", "urls", "uri", "link", "links", "href", "src", "data",
		"b64json", "base64", "b64", "value", "content", "file", "path",
	};
	size_t				i;

	for (i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (strcmp(folded, bare[i]) == 0)
			return true;
	return false;
}

/* What is in the place of a link is looked at, whatever it is, where it is odd
 * if it is none. */
static bool
links_wants(const struct links *l, const char *name, struct json_object *value)
{
	return l->ok && !links_was_read(l, value) && (links_may_hold(value) ||
	    (json_string(value) != NULL && (links_names_base64(name) ||
	    (l->mode == LINKS_OR_ODD && links_is_place(name))))) &&
	    !links_is_echo(name);
}

static void
links_take_member(const char *name, struct json_object *value, void *arg)
{
	struct links		*l = arg;
	const struct links	 outer = *l;
	const char		*kind;
	char			 folded[LINKS_NAME_ROOM];
	bool			 bare;

	if (!links_wants(l, name, value))
		return;
	/* Numbered keys stand for a list, whose name is the telling one. */
	if (name[strspn(name, "0123456789")] != '\0') {
		links_fold(name, folded);
		kind = links_kind(folded);
		l->in_place = links_is_place(name);
		l->in_base64 = embedded_is_name(folded);
		bare = links_is_bare(folded);
		if (l->name_is_bare || !bare) {
			l->facts.name = name;
			l->name_is_bare = bare;
		}
		l->is_beside = outer.is_beside || links_is_beside(folded) ||
		    (kind != NULL && !links_is_media(kind) &&
		    links_has_media(&outer));
		if (kind != NULL)
			l->facts.array_name = kind;
	}
	links_take_value(l, value);
	l->facts = outer.facts;
	l->in_place = outer.in_place;
	l->in_base64 = outer.in_base64;
	l->name_is_bare = outer.name_is_bare;
	l->is_beside = outer.is_beside;
}

static void
links_take_object(struct links *l, struct json_object *obj)
{
	const struct links_frame	frame = { obj, l->frame };

	l->frame = &frame;
	json_each(obj, links_take_member, l);
	l->frame = frame.outer;
}

static void
links_take_value(struct links *l, struct json_object *value)
{
	const char	*text = json_string(value);
	size_t		 i;

	if (++l->depth <= LINKS_DEPTH_MAX && l->ok) {
		if (text != NULL)
			links_take_text(l, text);
		for (i = 0; l->ok && i < json_length(value); i++)
			links_take_value(l, json_item(value, i));
		if (json_is_object(value))
			links_take_object(l, value);
	}
	l->depth--;
}

const char *
links_last_name(const char *path)
{
	const char	*dot = strrchr(path, '.');

	return dot != NULL ? dot + 1 : path;
}

bool
links_take(struct result *r, struct json_object *value,
    const struct links_done *done, enum links_mode mode, const char *base,
    const struct link_facts *facts, struct errbuf *err)
{
	struct links	l = { .result = r, .facts = *facts, .err = err,
			    .base = base, .mode = mode, .done = done,
			    .name_is_bare = facts->name == NULL, .ok = true };

	links_take_value(&l, value);
	l.beside = true;
	if (l.some_beside)
		links_take_value(&l, value);
	return l.ok;
}

bool
links_take_item(struct result *r, struct json_object *item,
    enum links_mode mode, const char *base, const struct link_facts *facts,
    bool *more, struct errbuf *err)
{
	struct links	l = { .result = r, .facts = *facts, .err = err,
			    .base = base, .mode = mode,
			    .name_is_bare = facts->name == NULL,
			    .since = r->noutputs,
			    .ok = true };

	links_take_value(&l, item);
	/* Nothing but a cover: then that is the output. */
	l.beside = l.some_beside && r->noutputs == l.since;
	if (l.beside)
		links_take_value(&l, item);
	*more = *more || l.some_beside;
	return l.ok;
}

static void
links_note_content(const char *name, struct json_object *value, void *arg)
{
	(void)name;
	if (!links_is_empty(value))
		*(bool *)arg = false;
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
