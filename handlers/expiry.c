/* When links end, by what stands in them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/time.h"
#include "handlers/result.h"

#define VALUE_MAX	4096	/* a policy or a token of JSON, in Base64 */
#define SHORT_MAX	128	/* any other text that can matter here */
#define PAIRS_MAX	64	/* looked at: a hostile link has thousands */

/* No link is signed before 2001 or beyond 2100: then it is another number. */
#define EPOCH_MIN_S	INT64_C(1000000000)
#define EPOCH_MAX_S	INT64_C(4102444800)

/* Presigned forms with a moment and a number of seconds from it. */
static const struct {
	const char	*date, *seconds;
} expiry_dated[] = {
	{ "X-Amz-Date",	 "X-Amz-Expires" },	/* AWS SigV4, also R2, B2 */
	{ "X-Goog-Date", "X-Goog-Expires" },
	{ "x-oss-date",	 "x-oss-expires" },	/* Aliyun, version 4 */
	{ "X-Tos-Date",	 "X-Tos-Expires" },	/* Volcano Engine */
	{ "X-Bce-Date",	 "X-Bce-Expires" },
	{ "X-Obs-Date",	 "X-Obs-Expires" },	/* Huawei */
};

static int64_t	expiry_of_moment(const char *);
static int64_t	expiry_of_hex(const char *);
static int64_t	expiry_of_head(const char *);
static int64_t	expiry_of_tail(const char *);
static int64_t	expiry_of_policy(const char *);
static int64_t	expiry_of_token(const char *);

/* Parameters whose value has a form of its own; beside is another one that has
 * to be there, where the name alone is too short to be sure. */
static const struct {
	const char	*name, *beside;
	int64_t		(*read)(const char *value);
} expiry_forms[] = {
	{ "se",		 "sig",	     expiry_of_moment },	/* Azure */
	{ "exp",	 NULL,	     expiry_of_moment },
	{ "e",		 "token",    expiry_of_moment },	/* Qiniu */
	{ "e",		 "st",	     expiry_of_moment },	/* nginx */
	{ "e",		 "s",	     expiry_of_moment },
	{ "deadline",	 NULL,	     expiry_of_moment },
	{ "valid_until", NULL,	     expiry_of_moment },
	{ "validuntil",	 NULL,	     expiry_of_moment },
	{ "validto",	 NULL,	     expiry_of_moment },
	{ "ex",		 "hm",	     expiry_of_hex },		/* Discord */
	{ "txTime",	 "txSecret", expiry_of_hex },		/* Tencent */
	{ "auth_key",	 NULL,	     expiry_of_head },		/* Aliyun */
	{ "q-sign-time", NULL,	     expiry_of_tail },		/* Tencent */
	{ "Policy",	 NULL,	     expiry_of_policy },	/* CloudFront */
	{ "_jwt",	 NULL,	     expiry_of_token },
	{ "jwt",	 NULL,	     expiry_of_token },
	{ "token",	 NULL,	     expiry_of_token },
	{ "access_token", NULL,	     expiry_of_token },
};

/* Parameters that only a signed link has: when its end cannot be read, it has
 * one all the same. */
static const char *const expiry_signs[] = {
	"signature", "sig", "sign", "hmac", "hm", "token", "access_token",
	"_jwt", "jwt", "auth_key", "policy", "key-pair-id", "md5", "hash",
	"st", "verify", "txsecret", "wssecret", "q-signature", "hdnts",
	"hdnea", "hdntl", "__token__", "__gda__", "edge-cache-token",
};

/* One "name=value"; at is where it stands.  expiry_name() and expiry_value()
 * decode it: most are not looked at. */
struct expiry_pair {
	const char	*at, *encoded;
	size_t		 encoded_len, name_len;
	char		 name[SHORT_MAX], value[VALUE_MAX];
};

/* What parts the pairs of a query, and of a list within a value or a path; a
 * '#' ends both. */
#define IN_QUERY	"&#"
#define IN_VALUE	"~&#"

/* Parameters as they stand in a text; no more than PAIRS_MAX are looked at. */
struct expiry_list {
	const char	*text, *separators;
};

static void
expiry_decode(const char *src, size_t len, char *text, size_t textsz)
{
	struct buf	b;

	buf_over(&b, text, textsz);
	buf_percent_decoded(&b, src, len);
	/* What is too long is none of what we look for. */
	if (!buf_ok(&b))
		text[0] = '\0';
}

/* Find the pair at *p, which is moved behind it; false at the end.  Its name is
 * not decoded yet.  Where a link was taken from HTML, "&amp;" still stands for
 * "&". */
static bool
expiry_next(const char **p, const char *separators, struct expiry_pair *pair)
{
	size_t	len, eq;

	if (strncmp(*p, "amp;", 4) == 0)
		*p += 4;
	if (**p == '\0' || **p == '#')
		return false;
	len = strcspn(*p, separators);
	eq = strcspn(*p, "=");
	pair->at = *p;
	pair->name_len = eq < len ? eq : len;
	pair->encoded = *p + (eq < len ? eq + 1 : len);
	pair->encoded_len = (size_t)(*p + len - pair->encoded);
	*p += len;
	*p += **p != '\0' && **p != '#';
	return true;
}

static void
expiry_name(struct expiry_pair *pair)
{
	expiry_decode(pair->at, pair->name_len, pair->name,
	    sizeof(pair->name));
}

/* Equal in any case?  Most names differ in their first letter already. */
static bool
expiry_same(const char *a, const char *b)
{
	return tolower((unsigned char)*a) == tolower((unsigned char)*b) &&
	    strcasecmp(a, b) == 0;
}

static void
expiry_value(struct expiry_pair *pair)
{
	expiry_decode(pair->encoded, pair->encoded_len, pair->value,
	    sizeof(pair->value));
}

/* The first parameter of that name, in any case, without its value. */
static bool
expiry_find(const struct expiry_list *list, const char *name,
    struct expiry_pair *pair)
{
	const char	*p = list->text;
	int		 n;

	for (n = 0; n < PAIRS_MAX && expiry_next(&p, list->separators, pair);
	    n++) {
		if (*name != '\0' && pair->name_len > 0 && *pair->at != '%' &&
		    tolower((unsigned char)*pair->at) !=
		    tolower((unsigned char)*name))
			continue;
		expiry_name(pair);
		if (expiry_same(pair->name, name))
			return true;
	}
	return false;
}

/* NULL: there is nothing to ask for. */
static bool
expiry_has(const struct expiry_list *list, const char *name)
{
	struct expiry_pair	pair;

	return name == NULL || expiry_find(list, name, &pair);
}

static bool
expiry_is_sign(const char *name)
{
	static const char	ending[] = "-signature";
	size_t			i, n = strlen(name), e = sizeof(ending) - 1;

	for (i = 0; i < sizeof(expiry_signs) / sizeof(expiry_signs[0]); i++)
		if (expiry_same(name, expiry_signs[i]))
			return true;
	return n > e && strcasecmp(name + n - e, ending) == 0;
}

/* A length of time in whole seconds; 0: it is none. */
static int64_t
expiry_of_seconds(const char *value)
{
	size_t	n = strspn(value, "0123456789");

	return n == 0 || n > 9 || value[n] != '\0' ? 0 :
	    strtoll(value, NULL, 10);
}

/* The n digits of a text as a number of seconds that can be a link's end. */
static int64_t
expiry_of_digits(const char *text, size_t n)
{
	int64_t	at;

	if (n == 0 || n > 13)
		return 0;
	at = strtoll(text, NULL, 10);
	if (n == 13)
		at /= 1000;	/* milliseconds */
	return at >= EPOCH_MIN_S && at <= EPOCH_MAX_S ? at : 0;
}

/* Seconds or milliseconds since 1970, or a date of ISO 8601. */
static int64_t
expiry_of_moment(const char *value)
{
	size_t	n = strspn(value, "0123456789");
	int64_t	at;

	if (value[n] == '\0')
		return expiry_of_digits(value, n);
	if ((at = time_parse_rfc3339(value)) == 0)
		at = time_parse_basic(value);
	at /= USEC_PER_SEC;
	return at >= EPOCH_MIN_S && at <= EPOCH_MAX_S ? at : 0;
}

static int64_t
expiry_of_hex(const char *value)
{
	int64_t	at;

	if (strspn(value, "0123456789abcdefABCDEF") != 8 || value[8] != '\0')
		return 0;
	at = strtoll(value, NULL, 16);
	return at >= EPOCH_MIN_S && at <= EPOCH_MAX_S ? at : 0;
}

/* "1795983211-0-0-x" */
static int64_t
expiry_of_head(const char *value)
{
	size_t	n = strspn(value, "0123456789");

	return value[n] == '-' ? expiry_of_digits(value, n) : 0;
}

/* "1750392487;1750396087", from and to */
static int64_t
expiry_of_tail(const char *value)
{
	const char	*second = strchr(value, ';');
	size_t		 n;

	if (second == NULL)
		return 0;
	n = strspn(++second, "0123456789");
	return second[n] == '\0' ? expiry_of_digits(second, n) : 0;
}

/* The number behind a member's name somewhere in JSON in Base64. */
static int64_t
expiry_of_json(const char *base64, size_t len, const char *member)
{
	unsigned char	 text[VALUE_MAX];
	const char	*p;
	ssize_t		 n = -1;

	if (len < sizeof(text) - 4)
		n = base64_decode(base64, len, text);
	if (n < 0)
		return 0;
	text[n] = '\0';
	if ((p = strstr((const char *)text, member)) == NULL)
		return 0;
	p += strlen(member);
	p += strspn(p, "\": \t");
	return expiry_of_digits(p, strspn(p, "0123456789"));
}

/* CloudFront writes '-', '_' and '~' for what Base64 has as '+', '=', '/'. */
static int64_t
expiry_of_policy(const char *value)
{
	char		classic[VALUE_MAX], *p;
	struct buf	b;

	buf_over(&b, classic, sizeof(classic));
	buf_text(&b, value);
	for (p = classic; *p != '\0'; p++)
		*p = *p == '-' ? '+' : *p == '_' ? '=' : *p == '~' ? '/' : *p;
	return expiry_of_json(classic, b.len, "AWS:EpochTime");
}

/* A JSON Web Token (RFC 7519): its second part has "exp". */
static int64_t
expiry_of_token(const char *value)
{
	const char	*claims = strchr(value, '.');

	if (strncmp(value, "eyJ", 3) != 0 || claims == NULL)
		return 0;
	claims++;
	return expiry_of_json(claims, strcspn(claims, "."), "\"exp\"");
}

/* Does a name speak of an end: "Expires", "x-expires", "token_expiry"? */
static bool
expiry_is_named(const char *name)
{
	const char	*p;

	for (p = name; (p = strcasestr(p, "expir")) != NULL; p++)
		if (p == name || !isalnum((unsigned char)p[-1]))
			return true;
	return false;
}

static int64_t
expiry_earlier(int64_t a, int64_t b)
{
	if (a <= 0)
		return b;
	return b <= 0 || a < b ? a : b;
}

/* What one parameter of a list says of the end; 0: nothing. */
static int64_t
expiry_of_pair(const struct expiry_list *list, const struct expiry_pair *pair)
{
	int64_t	found = 0;
	size_t	i;

	if (expiry_is_named(pair->name))
		found = expiry_of_moment(pair->value);
	for (i = 0; i < sizeof(expiry_forms) / sizeof(expiry_forms[0]); i++)
		if (expiry_same(pair->name, expiry_forms[i].name) &&
		    expiry_has(list, expiry_forms[i].beside))
			found = expiry_earlier(found,
			    expiry_forms[i].read(pair->value));
	return found;
}

static int64_t
expiry_of_dated(const struct expiry_list *list)
{
	struct expiry_pair	date, seconds;
	int64_t			from, life, found = 0;
	size_t			i;

	for (i = 0; i < sizeof(expiry_dated) / sizeof(expiry_dated[0]); i++) {
		if (!expiry_find(list, expiry_dated[i].date, &date) ||
		    !expiry_find(list, expiry_dated[i].seconds, &seconds))
			continue;
		expiry_value(&date);
		expiry_value(&seconds);
		from = time_parse_basic(date.value) / USEC_PER_SEC;
		life = expiry_of_seconds(seconds.value);
		if (from > 0 && life > 0)
			found = expiry_earlier(found, from + life);
	}
	return found;
}

/* The earliest end that a list of parameters tells; and is it signed?  A value
 * may be such a list again ("hdnts=exp=…~acl=…~hmac=…"). */
static int64_t
expiry_of_list(const char *text, const char *separators, bool *is_signed)
{
	struct expiry_list	list = { text, separators };
	struct expiry_pair	pair, first;
	const char		*p = text;
	int64_t			found = expiry_of_dated(&list);
	int			n;

	for (n = 0; n < PAIRS_MAX && expiry_next(&p, separators, &pair); n++) {
		expiry_name(&pair);
		/* Of two of one name, servers take the first. */
		if (!expiry_find(&list, pair.name, &first) ||
		    first.at != pair.at)
			continue;
		expiry_value(&pair);
		*is_signed = *is_signed || expiry_is_sign(pair.name);
		found = expiry_earlier(found, expiry_of_pair(&list, &pair));
		if (strchr(separators, '~') == NULL &&
		    strchr(pair.value, '=') != NULL)
			found = expiry_earlier(found, expiry_of_list(
			    pair.value, IN_VALUE, is_signed));
	}
	return found;
}

/* Some sign the path: /exp=…~hmac=…/file, /bcdn_token=…&expires=…/file. */
static int64_t
expiry_of_path(const char *path, size_t len, bool *is_signed)
{
	char		segment[SHORT_MAX * 4];
	struct buf	b;
	int64_t		found = 0;
	size_t		n;

	for (; len > 0; path += n, len -= n) {
		n = strcspn(path, "/");
		n = n + (n < len) < len ? n + (n < len) : len;
		buf_over(&b, segment, sizeof(segment));
		buf_bytes(&b, path, n);
		buf_cut(&b, strcspn(segment, "/"));
		if (strstr(segment, "~hmac=") != NULL ||
		    strncmp(segment, "bcdn_token=", 11) == 0)
			found = expiry_earlier(found,
			    expiry_of_list(segment, IN_VALUE, is_signed));
	}
	return found;
}

struct url_end
url_end(const char *url)
{
	struct url_end	 end = { 0, false };
	size_t		 len = strcspn(url, "?#");
	int64_t		 at;

	at = expiry_of_path(url, len, &end.is_signed);
	if (url[len] == '?')
		at = expiry_earlier(at, expiry_of_list(url + len + 1,
		    IN_QUERY, &end.is_signed));
	end.at = usec_from_seconds(at);
	return end;
}
