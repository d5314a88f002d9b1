/* Deliveries as the text of a spool file, and back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "common/spool_format.h"

#define FIRST_LINE	"genhook-spool 1"

/* ---- to text ------------------------------------------------------------ */

/* One line of the head; a value never holds a line break. */
static void
spool_head_add_line(struct buf *out, const char *key, const char *value)
{
	size_t	from;

	if (value == NULL)
		return;
	buf_printf(out, "%s: ", key);
	from = out->len;
	buf_text(out, value);
	for (; from < out->len; from++)
		if (out->data[from] == '\n' || out->data[from] == '\r')
			out->data[from] = ' ';
	buf_text(out, "\n");
}

void
spool_format_add(struct buf *out, const struct delivery *d)
{
	buf_text(out, FIRST_LINE "\n");
	spool_head_add_line(out, "id", d->id);
	buf_printf(out, "received_at: %" PRId64 "\n", d->received_at);
	spool_head_add_line(out, "provider", d->provider->name);
	spool_head_add_line(out, "account", d->account);
	spool_head_add_line(out, "source", source_words[d->source]);
	spool_head_add_line(out, "outcome", outcome_words[d->outcome]);
	spool_head_add_line(out, "verdict", verdict_words[d->verdict]);
	spool_head_add_line(out, "remote_addr", d->remote_addr);
	spool_head_add_line(out, "headers", d->headers);
	spool_head_add_line(out, "note", d->note);
	spool_head_add_line(out, "token", *d->token != '\0' ? d->token : NULL);
	buf_printf(out, "body: %zu\n\n", d->bodylen);
	buf_bytes(out, d->body, d->bodylen);
}

/* ---- and back ----------------------------------------------------------- */

/* The values of the head's lines, which lie in the text; NULL: no such line. */
struct spool_head {
	const char	*id, *received_at, *provider, *account, *source;
	const char	*outcome, *verdict, *remote_addr, *headers, *note, *token;
	const char	*body;
};

static const struct spool_head_line {
	const char	*key;
	size_t		 at;
} spool_head_lines[] = {
	{ "id",		 offsetof(struct spool_head, id) },
	{ "received_at", offsetof(struct spool_head, received_at) },
	{ "provider",	 offsetof(struct spool_head, provider) },
	{ "account",	 offsetof(struct spool_head, account) },
	{ "source",	 offsetof(struct spool_head, source) },
	{ "outcome",	 offsetof(struct spool_head, outcome) },
	{ "verdict",	 offsetof(struct spool_head, verdict) },
	{ "remote_addr", offsetof(struct spool_head, remote_addr) },
	{ "headers",	 offsetof(struct spool_head, headers) },
	{ "note",	 offsetof(struct spool_head, note) },
	{ "token",	 offsetof(struct spool_head, token) },
	{ "body",	 offsetof(struct spool_head, body) },
};
#define NLINES	(sizeof(spool_head_lines) / sizeof(spool_head_lines[0]))

static void
spool_head_set(struct spool_head *h, const char *key, const char *value)
{
	char	*base = (char *)h;
	size_t	 i;

	for (i = 0; i < NLINES; i++)
		if (strcmp(spool_head_lines[i].key, key) == 0)
			*(const char **)(void *)(base +
			    spool_head_lines[i].at) = value;
}

/* Cut the head's lines apart in place; returns where the body begins, or NULL
 * when it is no head. */
static char *
spool_head_parse(char *text, struct spool_head *h)
{
	char	*line = text, *end, *colon;

	memset(h, 0, sizeof(*h));
	if (strncmp(text, FIRST_LINE "\n", sizeof(FIRST_LINE)) != 0)
		return NULL;
	for (line += sizeof(FIRST_LINE);; line = end + 1) {
		if ((end = strchr(line, '\n')) == NULL)
			return NULL;
		*end = '\0';
		if (*line == '\0')
			return end + 1;
		if ((colon = strstr(line, ": ")) == NULL)
			return NULL;
		*colon = '\0';
		spool_head_set(h, line, colon + 2);
	}
}

/* Is nothing missing, and the body within the bytes behind it? */
static bool
spool_head_is_whole(const struct spool_head *h, size_t behind,
    size_t *bodylen)
{
	char	*end = NULL;

	if (h->id == NULL || h->received_at == NULL || h->provider == NULL ||
	    h->account == NULL || h->source == NULL || h->outcome == NULL ||
	    h->verdict == NULL || h->body == NULL || !uuid_is_valid(h->id) ||
	    *h->body < '0' || *h->body > '9')
		return false;
	errno = 0;
	*bodylen = strtoull(h->body, &end, 10);
	return errno == 0 && *end == '\0' && *bodylen <= behind;
}

/* Can this program make a delivery of it?  False, with err. */
static bool
spool_head_is_known(const struct spool_head *h, struct errbuf *err)
{
	if (provider_find(h->provider) == NULL) {
		errbuf_set(err, "this program knows no provider \"%s\"",
		    h->provider);
		return false;
	}
	if (word_index(source_words, SOURCE__MAX, h->source) == -1 ||
	    word_index(outcome_words, OUTCOME__MAX, h->outcome) == -1 ||
	    word_index(verdict_words, VERDICT__MAX, h->verdict) == -1) {
		errbuf_set(err, "this program knows no source \"%s\", outcome "
		    "\"%s\" or verdict \"%s\"", h->source, h->outcome,
		    h->verdict);
		return false;
	}
	return true;
}

/* A delivery of that head and body; NULL: no memory. */
static struct delivery *
spool_head_to_delivery(const struct spool_head *h, const char *body,
    size_t bodylen)
{
	struct delivery	*d;
	char		*copy;

	d = delivery_new(provider_find(h->provider), h->account,
	    (enum delivery_source)word_index(source_words, SOURCE__MAX,
	    h->source));
	if (d == NULL)
		return NULL;
	memcpy(d->id, h->id, sizeof(d->id));
	d->received_at = strtoll(h->received_at, NULL, 10);
	d->outcome = (enum outcome)word_index(outcome_words, OUTCOME__MAX,
	    h->outcome);
	d->verdict = (enum verdict)word_index(verdict_words, VERDICT__MAX,
	    h->verdict);
	if (h->token != NULL)
		(void)snprintf(d->token, sizeof(d->token), "%s", h->token);
	if ((copy = malloc(bodylen + 1)) != NULL) {
		memcpy(copy, body, bodylen);
		copy[bodylen] = '\0';
		delivery_set_body(d, copy, bodylen);
	}
	if (copy != NULL && result_set(&d->remote_addr, h->remote_addr) &&
	    result_set(&d->headers, h->headers) &&
	    result_set(&d->note, h->note))
		return d;
	delivery_free(d);
	return NULL;
}

/* What is behind a body: nothing, or another one's beginning. */
static bool
spool_is_end(const char *behind, size_t len)
{
	size_t	n = strlen(FIRST_LINE);

	return strncmp(behind, FIRST_LINE, len < n ? len : n) == 0;
}

struct delivery *
spool_format_next(char *text, size_t len, size_t *used, struct errbuf *err)
{
	struct delivery		*d;
	struct spool_head	 h;
	const char		*body = spool_head_parse(text, &h);
	size_t			 behind, bodylen = 0;

	*used = 0;
	behind = body != NULL ? (size_t)(text + len - body) : 0;
	if (body == NULL || !spool_head_is_whole(&h, behind, &bodylen) ||
	    !spool_is_end(body + bodylen, behind - bodylen)) {
		errbuf_set(err, "not a whole spool file");
		return NULL;
	}
	*used = (size_t)(body - text) + bodylen;
	if (!spool_head_is_known(&h, err))
		return NULL;
	if ((d = spool_head_to_delivery(&h, body, bodylen)) == NULL)
		(void)errbuf_no_memory(err);
	return d;
}
