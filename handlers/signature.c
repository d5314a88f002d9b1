/* Signatures of callbacks, checked by the provider's table: headers, signed
 * text, keys, and the clock. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/json.h"
#include "handlers/signature.h"

#define KEY_MAX		1024	/* characters of a secret that is decoded */
#define PARTS_MAX	12	/* pieces of a signed text */
/* Of any method: Ed25519's is the longest. */
#define SIGNATURE_BYTES	ED25519_SIGNATURE_BYTES
#define ENCODED_MAX	(2 * SIGNATURE_BYTES + 1)

const struct signature_scheme signature_standard = {
	.header		= "webhook-signature",
	.time_header	= "webhook-timestamp",
	.form		= FORM_LIST,
	.version	= "v1,",
	.encoding	= ENCODED_BASE64,
	.signed_text	= "{webhook-id}.{webhook-timestamp}.{body}",
	.key		= KEY_BASE64,
	.secret_prefix	= "whsec_",
	.tolerance_s	= 300,
};

/* What parts the signatures of a header, by form. */
static const char *const signature_separators[] = {
	[FORM_SINGLE]	= "",
	[FORM_LIST]	= " ",
	[FORM_PAIRS]	= ", ",
};

/* ---- the table's text --------------------------------------------------- */

/* A piece of signed_text: what stands in braces, or between them. */
struct signature_piece {
	const char	*text;
	size_t		 len;
	bool		 named;
};

static bool
signature_next_piece(const char **at, struct signature_piece *p)
{
	if (**at == '\0')
		return false;
	p->named = **at == '{';
	p->text = *at + p->named;
	p->len = strcspn(p->text, p->named ? "}" : "{");
	*at = p->text + p->len + p->named;
	return true;
}

static bool
signature_piece_is(const struct signature_piece *p, const char *name)
{
	return p->named && strlen(name) == p->len &&
	    memcmp(p->text, name, p->len) == 0;
}

static bool
signature_piece_is_header(const struct signature_piece *p)
{
	return p->named && !signature_piece_is(p, "t") &&
	    !signature_piece_is(p, "body") &&
	    !signature_piece_is(p, "body-sha256") &&
	    !signature_piece_is(p, "task-id");
}

static bool
signature_text_has(const struct signature_scheme *s, const char *name)
{
	const char		*at = s->signed_text;
	struct signature_piece	 p;

	while (at != NULL && signature_next_piece(&at, &p))
		if (signature_piece_is(&p, name))
			return true;
	return false;
}

bool
signature_covers_body(const struct signature_scheme *s)
{
	return signature_text_has(s, "body") ||
	    signature_text_has(s, "body-sha256");
}

bool
signature_reads_body(const struct signature_scheme *s)
{
	return signature_text_has(s, "task-id");
}

bool
signature_is_due(const struct signature_scheme *s, const char *const *secrets)
{
	if (s == NULL)
		return false;
	return !s->optional || (secrets != NULL && secrets[0] != NULL);
}

/* ---- headers ------------------------------------------------------------ */

void
signature_cgi_name(const char *header, char cgi[SIGNATURE_CGI_MAX])
{
	size_t	i, n = 5;

	memcpy(cgi, "HTTP_", n);
	for (i = 0; header[i] != '\0' && n < SIGNATURE_CGI_MAX - 1; i++, n++)
		cgi[n] = header[i] == '-' ? '_' :
		    (char)toupper((unsigned char)header[i]);
	cgi[n] = '\0';
}

static void
signature_add_name(char names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX],
    size_t *n, const char *name, size_t len)
{
	size_t	i;

	for (i = 0; i < *n; i++)
		if (strncmp(names[i], name, len) == 0 &&
		    names[i][len] == '\0')
			return;
	if (*n == SIGNATURE_HEADERS_MAX || len >= SIGNATURE_NAME_MAX)
		abort();	/* a table that no test has seen */
	memcpy(names[*n], name, len);
	names[(*n)++][len] = '\0';
}

size_t
signature_headers(const struct signature_scheme *s,
    char names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX])
{
	const char *const	 first[] = { s->time_header,
				    s->key_id_header, s->header };
	const char		*at = s->signed_text;
	struct signature_piece	 p;
	size_t			 i, n = 0;

	while (at != NULL && signature_next_piece(&at, &p))
		if (signature_piece_is_header(&p))
			signature_add_name(names, &n, p.text, p.len);
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (first[i] != NULL)
			signature_add_name(names, &n, first[i],
			    strlen(first[i]));
	return n;
}

static const char *
signature_header(const struct verify_input *in, const char *name)
{
	char	cgi[SIGNATURE_CGI_MAX];

	signature_cgi_name(name, cgi);
	return in->header(in->arg, cgi);
}

/* The next of what a header holds, parted as its form says. */
static bool
signature_next(const struct signature_scheme *s, const char **at,
    struct bytes *item)
{
	const char	*separators = signature_separators[s->form];

	*at += strspn(*at, separators);
	if (**at == '\0')
		return false;
	item->data = *at;
	item->len = s->form == FORM_SINGLE ? strlen(*at) :
	    strcspn(*at, separators);
	*at += item->len;
	return true;
}

/* What stands behind prefix; false: the item does not begin so. */
static bool
signature_behind(struct bytes *item, const char *prefix)
{
	size_t	n = strlen(prefix);

	if (item->len < n || memcmp(item->data, prefix, n) != 0)
		return false;
	item->data = (const char *)item->data + n;
	item->len -= n;
	return true;
}

/* The "t=" of FORM_PAIRS; returns how many there are. */
static int
signature_find_time(const struct signature_scheme *s, const char *value,
    struct bytes *out)
{
	struct bytes	item;
	int		n = 0;

	while (signature_next(s, &value, &item))
		if (signature_behind(&item, "t=")) {
			*out = item;
			n++;
		}
	return n;
}

/*
 * A header that came twice reaches us as one, joined with a comma and a blank.
 * A list has commas of its own, and no blank behind them.
 */
static bool
signature_is_joined(const struct signature_scheme *s, const char *name,
    const char *value)
{
	const char	*at = value;
	struct bytes	 unused;

	if (strcmp(name, s->header) != 0 || s->form == FORM_SINGLE)
		return strchr(value, ',') != NULL;
	if (s->form == FORM_PAIRS)
		return signature_find_time(s, value, &unused) > 1;
	while ((at = strstr(at, ", ")) != NULL) {
		at += 2;
		if (strncmp(at, s->version, strlen(s->version)) == 0)
			return true;
	}
	return false;
}

/* Is every header that decides there, once? */
static enum verify_verdict
signature_check_headers(const struct signature_scheme *s,
    const struct verify_input *in, struct errbuf *err)
{
	char		 names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX];
	const char	*value;
	size_t		 i, n = signature_headers(s, names);

	for (i = 0; i < n; i++) {
		value = signature_header(in, names[i]);
		if (value == NULL || *value == '\0') {
			errbuf_set(err, "header %s is missing", names[i]);
			return VERIFY_FAILED;
		}
		if (signature_is_joined(s, names[i], value)) {
			errbuf_set(err, "header %s came twice", names[i]);
			return VERIFY_AMBIGUOUS;
		}
	}
	return VERIFY_OK;
}

/* ---- the clock ---------------------------------------------------------- */

/* The time as it was sent; false, with err: there is none. */
static bool
signature_time(const struct signature_scheme *s, const struct verify_input *in,
    struct bytes *time, struct errbuf *err)
{
	const char	*value;

	if (s->time_header != NULL) {
		value = signature_header(in, s->time_header);
		*time = (struct bytes){ value, strlen(value) };
		return true;
	}
	value = signature_header(in, s->header);
	if (signature_find_time(s, value, time) == 1)
		return true;
	errbuf_set(err, "header %s has no \"t=\"", s->header);
	return false;
}

/* Plain digits: no sign, no blank, no more than a clock can say. */
static bool
signature_parse_time(struct bytes time, int64_t *out)
{
	const char	*digits = time.data;
	size_t		 i;

	*out = 0;
	for (i = 0; i < time.len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		*out = *out * 10 + (digits[i] - '0');
		if (i == 12)
			return false;
	}
	return i > 0;
}

static enum verify_verdict
signature_check_clock(const struct signature_scheme *s, int64_t sent,
    usec_t now, struct errbuf *err)
{
	int64_t	off = now / USEC_PER_SEC - sent;

	if (off <= s->tolerance_s && off >= -s->tolerance_s)
		return VERIFY_OK;
	errbuf_set(err, "header %s is %lld seconds %s", s->time_header != NULL ?
	    s->time_header : s->header, (long long)(off < 0 ? -off : off),
	    off < 0 ? "ahead" : "old");
	return VERIFY_STALE;
}

/* ---- the signed text ---------------------------------------------------- */

struct signed_text {
	struct bytes		 parts[PARTS_MAX];
	size_t			 n;
	char			 digest[SHA256_HEX];
	struct json_object	*doc;	/* of which a part may be */
};

static enum verify_verdict
signature_take_digest(struct signed_text *t, const struct verify_input *in,
    struct errbuf *err)
{
	unsigned char	sum[SHA256_BYTES];

	if (!sha256(in->body, in->bodylen, sum)) {
		errbuf_set(err, "could not compute the signature");
		return VERIFY_TROUBLE;
	}
	hex_encode(sum, sizeof(sum), t->digest);
	t->parts[t->n++] = (struct bytes){ t->digest, SHA256_HEX - 1 };
	return VERIFY_OK;
}

static enum verify_verdict
signature_take_task_id(struct signed_text *t,
    const struct signature_scheme *s, const struct verify_input *in,
    struct errbuf *err)
{
	const char *const	*path;
	const char		*id = NULL;
	struct errbuf		 why;

	switch (json_parse(in->body, in->bodylen, &t->doc, &why)) {
	case JSON_NO_MEMORY:
		(void)errbuf_no_memory(err);
		return VERIFY_TROUBLE;
	case JSON_INVALID:
	case JSON_UNFIT:
		break;
	case JSON_OK:
		for (path = s->task_id_paths; id == NULL && *path != NULL;
		    path++)
			id = json_string_at(t->doc, *path);
		break;
	}
	if (id == NULL) {
		errbuf_set(err, "the body names no task, whose id is signed");
		return VERIFY_FAILED;
	}
	t->parts[t->n++] = (struct bytes){ id, strlen(id) };
	return VERIFY_OK;
}

static enum verify_verdict
signature_take_piece(struct signed_text *t, const struct signature_piece *p,
    const struct signature_scheme *s, const struct verify_input *in,
    struct bytes time, struct errbuf *err)
{
	struct bytes	*part = &t->parts[t->n];
	char		 name[SIGNATURE_NAME_MAX];

	if (t->n == PARTS_MAX)
		abort();	/* a table that no test has seen */
	if (signature_piece_is(p, "body-sha256"))
		return signature_take_digest(t, in, err);
	if (signature_piece_is(p, "task-id"))
		return signature_take_task_id(t, s, in, err);
	if (!p->named)
		*part = (struct bytes){ p->text, p->len };
	else if (signature_piece_is(p, "body"))
		*part = (struct bytes){ in->body, in->bodylen };
	else if (signature_piece_is(p, "t"))
		*part = time;
	else {
		memcpy(name, p->text, p->len);
		name[p->len] = '\0';
		part->data = signature_header(in, name);
		part->len = strlen(part->data);
	}
	t->n++;
	return VERIFY_OK;
}

/* The text that was signed, in parts; its JSON is the caller's to free. */
static enum verify_verdict
signature_make_text(struct signed_text *t, const struct signature_scheme *s,
    const struct verify_input *in, struct bytes time, struct errbuf *err)
{
	const char		*at = s->signed_text;
	enum verify_verdict	 verdict = VERIFY_OK;
	struct signature_piece	 p;

	while (verdict == VERIFY_OK && at != NULL &&
	    signature_next_piece(&at, &p))
		verdict = signature_take_piece(t, &p, s, in, time, err);
	return verdict;
}

/* ---- encodings ---------------------------------------------------------- */

/* Bytes as the scheme writes signatures; there is one way to write each, so
 * that no bit of it can change. */
static void
signature_encode(enum signature_encoding e, const unsigned char *bytes,
    size_t n, char out[ENCODED_MAX])
{
	switch (e) {
	case ENCODED_HEX:
		hex_encode(bytes, n, out);
		return;
	case ENCODED_BASE64:
		base64_encode(bytes, n, out);
		return;
	case ENCODED_BASE64URL:
		base64url_encode(bytes, n, out);
		return;
	}
}

/* False where it is no signature of n bytes, written in its one way. */
static bool
signature_decode(enum signature_encoding e, struct bytes text, size_t n,
    unsigned char out[SIGNATURE_BYTES])
{
	unsigned char	raw[ENCODED_MAX];
	char		again[ENCODED_MAX];
	bool		ok;

	if (text.len >= ENCODED_MAX)
		return false;
	ok = e == ENCODED_HEX ? text.len == 2 * n &&
	    hex_decode(text.data, n, raw) :
	    base64_decode(text.data, text.len, raw) == (ssize_t)n;
	if (!ok)
		return false;
	signature_encode(e, raw, n, again);
	memcpy(out, raw, n);
	return strlen(again) == text.len &&
	    memcmp(again, text.data, text.len) == 0;
}

/* ---- the check ---------------------------------------------------------- */

/* Is one of the header's signatures of the scheme's version this text? */
static bool
signature_listed(const struct signature_scheme *s, const char *value,
    const char *want)
{
	struct bytes	item;
	size_t		len = strlen(want);
	bool		found = false;

	while (signature_next(s, &value, &item))
		if (signature_behind(&item, s->version) && item.len == len &&
		    equal_constant_time(item.data, want, len))
			found = true;
	return found;
}

/* Anybody could sign with no key at all. */
static enum verify_verdict
signature_try_hmac(const struct signature_scheme *s, struct bytes key,
    const struct signed_text *t, const char *value)
{
	unsigned char	mac[SHA256_BYTES];
	char		text[ENCODED_MAX];

	if (key.len == 0)
		return VERIFY_FAILED;
	if (!hmac_sha256(key, t->parts, t->n, mac))
		return VERIFY_TROUBLE;
	signature_encode(s->encoding, mac, sizeof(mac), text);
	return signature_listed(s, value, text) ? VERIFY_OK : VERIFY_FAILED;
}

/* The bytes that the text of a secret stands for; 0: it stands for none. */
static size_t
signature_decode_key(const struct signature_scheme *s, const char *text,
    unsigned char out[KEY_MAX])
{
	size_t	len = strlen(text);
	ssize_t	n;

	if (len >= KEY_MAX)
		return 0;
	if (s->key == KEY_HEX)
		return len % 2 == 0 && hex_decode(text, len / 2, out) ?
		    len / 2 : 0;
	n = base64_decode(text, len, out);
	return n > 0 ? (size_t)n : 0;
}

/* The part of a secret that is the key. */
static const char *
signature_key_text(const struct signature_scheme *s, const char *secret)
{
	size_t	n = s->secret_prefix != NULL ? strlen(s->secret_prefix) : 0;

	return secret + (n > 0 && strncmp(secret, s->secret_prefix, n) == 0 ?
	    n : 0);
}

static enum verify_verdict
signature_try_secret(const struct signature_scheme *s, const char *secret,
    const struct signed_text *t, const char *value)
{
	const char		*text = signature_key_text(s, secret);
	unsigned char		 key[KEY_MAX];
	enum verify_verdict	 verdict = VERIFY_FAILED;

	if (s->key != KEY_TEXT)
		verdict = signature_try_hmac(s, (struct bytes){ key,
		    signature_decode_key(s, text, key) }, t, value);
	if (s->key == KEY_TEXT || (s->key == KEY_BASE64 && text == secret &&
	    verdict == VERIFY_FAILED))
		verdict = signature_try_hmac(s,
		    (struct bytes){ text, strlen(text) }, t, value);
	return verdict;
}

/* The header itself, beside one secret; their lengths alone tell in time. */
static enum verify_verdict
signature_try_shared(const struct signature_scheme *s, const char *secret,
    const char *value)
{
	return *secret != '\0' && signature_listed(s, value, secret) ?
	    VERIFY_OK : VERIFY_FAILED;
}

/* Of what several tries gave: a fit; else trouble, else that nothing fits. */
static enum verify_verdict
signature_best(enum verify_verdict had, enum verify_verdict got)
{
	static const int	rank[] = {
		[VERIFY_OK] = 3, [VERIFY_TROUBLE] = 2, [VERIFY_FAILED] = 1,
		[VERIFY_NO_KEY] = 0,
	};

	return rank[got] > rank[had] ? got : had;
}

/* Every secret is tried, so that the time tells nothing of which one fits. */
static enum verify_verdict
signature_try_secrets(const struct signature_scheme *s,
    const struct verify_input *in, const struct signed_text *t,
    const char *value)
{
	enum verify_verdict	 verdict = VERIFY_FAILED;
	const char *const	*secret;

	for (secret = in->secrets; *secret != NULL; secret++)
		verdict = signature_best(verdict,
		    s->method == SIGNATURE_SHARED ?
		    signature_try_shared(s, *secret, value) :
		    signature_try_secret(s, *secret, t, value));
	return verdict;
}

/* One signature with one public key. */
static enum verify_verdict
signature_try_public(const struct public_key *key, const char *key_id,
    const struct signed_text *t, const unsigned char *signature)
{
	if (key_id != NULL && strcmp(key->id, key_id) != 0)
		return VERIFY_NO_KEY;
	switch (ed25519_verify(key->bytes, signature, t->parts, t->n)) {
	case ED25519_FITS:
		return VERIFY_OK;
	case ED25519_DIFFERS:
		return VERIFY_FAILED;
	case ED25519_TROUBLE:
		break;
	}
	return VERIFY_TROUBLE;
}

static enum verify_verdict
signature_try_keys(const struct signature_scheme *s,
    const struct verify_input *in, const struct signed_text *t,
    const char *value)
{
	const char		*key_id = s->key_id_header != NULL ?
				    signature_header(in, s->key_id_header) : NULL;
	enum verify_verdict	 verdict = VERIFY_NO_KEY;
	unsigned char		 signature[SIGNATURE_BYTES];
	struct bytes		 item;
	bool			 any = false;
	size_t			 i;

	while (signature_next(s, &value, &item)) {
		if (!signature_behind(&item, s->version) || !signature_decode(
		    s->encoding, item, ED25519_SIGNATURE_BYTES, signature))
			continue;
		any = true;
		for (i = 0; i < in->nkeys && verdict != VERIFY_OK; i++)
			verdict = signature_best(verdict, signature_try_public(
			    &in->keys[i], key_id, t, signature));
	}
	/* What is no signature at all fits no key, whichever there are. */
	return any ? verdict : VERIFY_FAILED;
}

/* Does a signature fit?  With err, but for VERIFY_OK. */
static enum verify_verdict
signature_check(const struct signature_scheme *s,
    const struct verify_input *in, const struct signed_text *t,
    struct errbuf *err)
{
	const char		*value = signature_header(in, s->header);
	enum verify_verdict	 verdict;

	verdict = s->method == SIGNATURE_ED25519 ?
	    signature_try_keys(s, in, t, value) :
	    signature_try_secrets(s, in, t, value);
	if (verdict == VERIFY_FAILED)
		errbuf_set(err, "header %s does not fit", s->header);
	else if (verdict == VERIFY_NO_KEY)
		errbuf_set(err, "the public key for header %s is not known",
		    s->header);
	else if (verdict == VERIFY_TROUBLE)
		errbuf_set(err, "could not compute the signature");
	return verdict;
}

/* Is there anything to check with? */
static bool
signature_has_secret(const struct signature_scheme *s,
    const struct verify_input *in, struct errbuf *err)
{
	if (s->method == SIGNATURE_ED25519 ||
	    (in->secrets != NULL && in->secrets[0] != NULL))
		return true;
	errbuf_set(err, "no webhook_secret is set for this account");
	return false;
}

enum verify_verdict
signature_verify(const struct signature_scheme *s,
    const struct verify_input *in, struct errbuf *err)
{
	struct signed_text	text = { .n = 0 };
	struct bytes		time = { "", 0 };
	bool			timed = s->tolerance_s > 0;
	enum verify_verdict	verdict;
	int64_t			sent = 0;

	if ((verdict = signature_check_headers(s, in, err)) != VERIFY_OK)
		return verdict;
	if (timed && !signature_time(s, in, &time, err))
		return VERIFY_FAILED;
	if (timed && !signature_parse_time(time, &sent)) {
		errbuf_set(err, "header %s is no number of seconds",
		    s->time_header != NULL ? s->time_header : s->header);
		return VERIFY_FAILED;
	}
	if (!signature_has_secret(s, in, err))
		return VERIFY_FAILED;
	verdict = signature_make_text(&text, s, in, time, err);
	if (verdict == VERIFY_OK)
		verdict = signature_check(s, in, &text, err);
	if (verdict == VERIFY_OK && timed)
		verdict = signature_check_clock(s, sent, in->now, err);
	json_free(text.doc);
	return verdict;
}

bool
signature_takes_secret(const struct signature_scheme *s, const char *secret)
{
	const char	*text = signature_key_text(s, secret);
	unsigned char	 key[KEY_MAX];

	if (*text == '\0')
		return false;
	if (s->method == SIGNATURE_SHARED)
		return strchr(text, ',') == NULL;
	if (s->key == KEY_TEXT || (s->key == KEY_BASE64 && text == secret))
		return true;
	return signature_decode_key(s, text, key) > 0;
}
