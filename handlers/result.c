/* Results: their outputs, and of what kind each is and when it ends. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/hex.h"
#include "lib/utf8.h"
#include "handlers/result.h"

#define URL_MAX_LEN	8000
#define TTL_MAX_S	(INT64_C(50) * 366 * 86400)	/* longer is no life */

const char *const task_state_words[TASK_STATE__MAX] = {
	[TASK_PENDING]	 = "pending",
	[TASK_SUCCEEDED] = "succeeded",
	[TASK_FAILED]	 = "failed",
	[TASK_CANCELLED] = "cancelled",
};

const char *const output_kind_words[OUTPUT_KIND__MAX] = {
	[OUTPUT_IMAGE]	 = "image",
	[OUTPUT_VIDEO]	 = "video",
	[OUTPUT_AUDIO]	 = "audio",
	[OUTPUT_FILE]	 = "file",
	[OUTPUT_TEXT]	 = "text",
};

const char *const expires_source_words[EXPIRES__MAX] = {
	[EXPIRES_FIELD]	   = "field",
	[EXPIRES_URL]	   = "url",
	[EXPIRES_PROVIDER] = "provider",
	[EXPIRES_UNKNOWN]  = "unknown",
};

/* Names of media formats: extensions, and what stands in a type field. */
static const struct kind_word {
	const char		*word;
	enum output_kind	 kind;
} kind_formats[] = {
	{ "png",  OUTPUT_IMAGE }, { "jpg",  OUTPUT_IMAGE },
	{ "jpeg", OUTPUT_IMAGE }, { "webp", OUTPUT_IMAGE },
	{ "gif",  OUTPUT_IMAGE }, { "avif", OUTPUT_IMAGE },
	{ "bmp",  OUTPUT_IMAGE }, { "tiff", OUTPUT_IMAGE },
	{ "heic", OUTPUT_IMAGE }, { "svg",  OUTPUT_IMAGE },
	{ "mp4",  OUTPUT_VIDEO }, { "webm", OUTPUT_VIDEO },
	{ "mov",  OUTPUT_VIDEO }, { "m4v",  OUTPUT_VIDEO },
	{ "mkv",  OUTPUT_VIDEO }, { "avi",  OUTPUT_VIDEO },
	{ "mp3",  OUTPUT_AUDIO }, { "wav",  OUTPUT_AUDIO },
	{ "m4a",  OUTPUT_AUDIO }, { "aac",  OUTPUT_AUDIO },
	{ "flac", OUTPUT_AUDIO }, { "ogg",  OUTPUT_AUDIO },
	{ "opus", OUTPUT_AUDIO }, { "pcm",  OUTPUT_AUDIO },
	{ "glb",  OUTPUT_FILE },  { "gltf", OUTPUT_FILE },
	{ "obj",  OUTPUT_FILE },  { "fbx",  OUTPUT_FILE },
	{ "usdz", OUTPUT_FILE },  { "stl",  OUTPUT_FILE },
	{ "ply",  OUTPUT_FILE },  { "zip",  OUTPUT_FILE },
	{ NULL,	  OUTPUT_FILE }
};

/* What a list or a member that holds links may be called. */
static const struct kind_word kind_lists[] = {
	{ "images", OUTPUT_IMAGE }, { "image", OUTPUT_IMAGE },
	{ "videos", OUTPUT_VIDEO }, { "video", OUTPUT_VIDEO },
	{ "audios", OUTPUT_AUDIO }, { "audio", OUTPUT_AUDIO },
	{ "music",  OUTPUT_AUDIO },
	{ NULL,	    OUTPUT_FILE }
};

static bool
kind_find(const struct kind_word *table, const char *word, size_t len,
    enum output_kind *out)
{
	for (; table->word != NULL; table++)
		if (strlen(table->word) == len &&
		    strncasecmp(table->word, word, len) == 0) {
			*out = table->kind;
			return true;
		}
	return false;
}

/* "png" and "image" as well as "image/png; q=1". */
static bool
kind_of_type(const char *type, enum output_kind *out)
{
	size_t	n = strcspn(type, "/");

	if (kind_find(kind_lists, type, n, out))
		return true;
	if (type[n] == '/')
		type += n + 1;
	return kind_find(kind_formats, type, strcspn(type, "; "), out);
}

/* The part of an http or https URL behind "://", or NULL. */
static const char *
url_authority(const char *url)
{
	if (strncasecmp(url, "http://", 7) == 0)
		return url + 7;
	if (strncasecmp(url, "https://", 8) == 0)
		return url + 8;
	return NULL;
}

/* By what stands behind the last dot of the URL's path. */
static bool
kind_of_url(const char *url, enum output_kind *out)
{
	const char	*host = url_authority(url);
	const char	*end = url + strcspn(url, "?#");
	const char	*p;

	if (host == NULL)
		return false;
	for (p = end; p > host && p[-1] != '.' && p[-1] != '/'; p--)
		;
	/* A dot in the host's name is none of the path's. */
	if (p == host || p[-1] != '.' ||
	    memchr(host, '/', (size_t)(p - host)) == NULL)
		return false;
	return kind_find(kind_formats, p, (size_t)(end - p), out);
}

bool
url_names_kind(const char *url)
{
	enum output_kind	unused;

	return kind_of_url(url, &unused);
}

static enum output_kind
output_choose_kind(const char *url, const struct link_facts *facts)
{
	enum output_kind	kind;

	if (facts->declared_type != NULL &&
	    kind_of_type(facts->declared_type, &kind))
		return kind;
	if (facts->array_name != NULL && kind_find(kind_lists,
	    facts->array_name, strlen(facts->array_name), &kind))
		return kind;
	return kind_of_url(url, &kind) ? kind : OUTPUT_FILE;
}

static void
output_choose_expiry(struct output *o, const struct link_facts *facts)
{
	struct url_end	end = url_end(o->url);

	o->expires_at = 0;
	o->expires_source = EXPIRES_UNKNOWN;
	if (facts->expires_at > 0) {
		o->expires_at = facts->expires_at;
		o->expires_source = EXPIRES_FIELD;
	}
	if (end.at > 0 && (o->expires_at == 0 || end.at < o->expires_at)) {
		o->expires_at = end.at;
		o->expires_source = EXPIRES_URL;
	}
	if (o->expires_at > 0)
		return;
	if (facts->ttl_s > 0 && facts->ttl_s <= TTL_MAX_S) {
		o->expires_at = facts->ttl_from + facts->ttl_s * USEC_PER_SEC;
		o->expires_source = EXPIRES_FIELD;
	} else if (facts->lifetime_s > 0 && !end.is_signed) {
		o->expires_at = facts->lifetime_from +
		    facts->lifetime_s * USEC_PER_SEC;
		o->expires_source = EXPIRES_PROVIDER;
	}
}

/* Room for one more output, all zeroes and not counted yet; NULL with err. */
static struct output *
output_append(struct result *r, struct errbuf *err)
{
	struct output	*grown;

	if (r->noutputs >= RESULT_MAX_OUTPUTS) {
		errbuf_set(err, "more than %d outputs", RESULT_MAX_OUTPUTS);
		return NULL;
	}
	/* By steps of sixteen: most results have one output or four. */
	if (r->noutputs % 16 == 0) {
		grown = reallocarray(r->outputs, r->noutputs + 16,
		    sizeof(*grown));
		if (grown == NULL) {
			(void)errbuf_no_memory(err);
			return NULL;
		}
		r->outputs = grown;
	}
	memset(&r->outputs[r->noutputs], 0, sizeof(*r->outputs));
	return &r->outputs[r->noutputs];
}

/* What the payload calls an output; false: no memory. */
static bool
output_set_name(struct output *o, const struct link_facts *facts,
    struct errbuf *err)
{
	if (facts->name == NULL || *facts->name == '\0')
		return true;
	if ((o->name = strdup(facts->name)) == NULL)
		return errbuf_no_memory(err);
	utf8_clean(o->name);
	if (strlen(o->name) > OUTPUT_NAME_MAX)
		o->name[utf8_cut(o->name, OUTPUT_NAME_MAX)] = '\0';
	return true;
}

/* Take back an output that was appended and not counted; returns false. */
static bool
output_drop(struct output *o)
{
	free(o->name);
	free(o->url);
	free(o->inline_text);
	free(o->data);
	return false;
}

bool
result_add_url(struct result *r, const char *url,
    const struct link_facts *facts, struct errbuf *err)
{
	struct output	*o;
	struct errbuf	 odd;

	if ((o = output_append(r, err)) == NULL)
		return false;
	if (!output_set_name(o, facts, err))
		return false;
	if ((o->url = strdup(url)) == NULL) {
		(void)errbuf_no_memory(err);
		return output_drop(o);
	}
	o->kind = output_choose_kind(url, facts);
	output_choose_expiry(o, facts);
	r->noutputs++;
	if (url_is_link(url))
		return true;
	o->odd = true;
	errbuf_set(&odd, "no http or https URL: %s", url);
	return result_set(&r->note, odd.text) || errbuf_no_memory(err);
}

/* The URL by which a file that came within the payload is known; NULL: no memory,
 * or no digest. */
static char *
output_data_url(const char *type, const unsigned char *data, size_t len)
{
	unsigned char	 digest[SHA256_BYTES];
	char		 hex[2 * SHA256_BYTES + 1];
	struct buf	 url;

	if (!sha256(data, len, digest))
		return NULL;
	hex_encode(digest, sizeof(digest), hex);
	buf_init(&url, URL_MAX_LEN);
	buf_text(&url, "data:");
	buf_percent(&url, type, "/+");
	buf_printf(&url, ";sha256=%s", hex);
	return buf_take(&url);
}

bool
result_add_data(struct result *r, const char *type, unsigned char *data,
    size_t len, const struct link_facts *facts, struct errbuf *err)
{
	struct link_facts	 all = *facts;
	struct output		*o;

	if ((o = output_append(r, err)) == NULL) {
		free(data);
		return false;
	}
	o->data = data;
	o->datalen = len;
	if (!output_set_name(o, facts, err))
		return output_drop(o);
	if ((o->url = output_data_url(type, data, len)) == NULL) {
		(void)errbuf_no_memory(err);
		return output_drop(o);
	}
	if (*type != '\0')
		all.declared_type = type;
	o->kind = output_choose_kind(o->url, &all);
	o->expires_source = EXPIRES_UNKNOWN;
	r->noutputs++;
	return true;
}

bool
result_add_text(struct result *r, const char *text,
    const struct link_facts *facts, struct errbuf *err)
{
	struct output	*o;

	if ((o = output_append(r, err)) == NULL)
		return false;
	if (!output_set_name(o, facts, err))
		return false;
	if ((o->inline_text = strdup(text)) == NULL) {
		(void)errbuf_no_memory(err);
		return output_drop(o);
	}
	o->kind = OUTPUT_TEXT;
	o->expires_source = EXPIRES_UNKNOWN;
	r->noutputs++;
	return true;
}

bool
result_set(char **member, const char *text)
{
	char	*copy = NULL;

	if (text != NULL && *text != '\0' && (copy = strdup(text)) == NULL)
		return false;
	free(*member);
	*member = copy;
	return true;
}

void
result_free(struct result *r)
{
	size_t	i;

	for (i = 0; i < r->noutputs; i++)
		(void)output_drop(&r->outputs[i]);
	free(r->outputs);
	free(r->task_id);
	free(r->model);
	free(r->error_code);
	free(r->error_message);
	free(r->status_word);
	free(r->note);
	memset(r, 0, sizeof(*r));
}

bool
url_is_link(const char *url)
{
	const char		*host, *at;
	const unsigned char	*p;

	if ((host = url_authority(url)) == NULL)
		return false;
	for (p = (const unsigned char *)url; *p != '\0'; p++)
		if (*p <= 0x20 || *p == 0x7f)
			return false;
	if (p - (const unsigned char *)url > URL_MAX_LEN)
		return false;
	/* A name and password may stand in front of the host. */
	at = memchr(host, '@', strcspn(host, "/?#\\"));
	while (at != NULL) {
		host = at + 1;
		at = memchr(host, '@', strcspn(host, "/?#\\"));
	}
	return strcspn(host, "/?#\\:") > 0;
}
