/* When links end, by what stands in them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/time.h"
#include "handlers/result.h"

#define VALUE_MAX	128	/* of a query value that can matter here */

/* Presigned forms with a moment and a number of seconds from it. */
static const struct {
	const char	*date, *seconds;
} dated_forms[] = {
	{ "X-Amz-Date",	 "X-Amz-Expires" },	/* AWS SigV4, also R2, B2 */
	{ "X-Goog-Date", "X-Goog-Expires" },
	{ "x-oss-date",	 "x-oss-expires" },	/* Aliyun, version 4 */
	{ "X-Tos-Date",	 "X-Tos-Expires" },	/* Volcano Engine */
};

/* A part of a query, its percent-encoding undone; false when it does not
 * fit. */
static bool
query_decode(const char *src, size_t len, char decoded[VALUE_MAX])
{
	struct buf	b;

	buf_over(&b, decoded, VALUE_MAX);
	buf_percent_decoded(&b, src, len);
	return buf_ok(&b);
}

/* The decoded value of the first parameter of that name (in any case). */
static bool
query_value(const char *query, const char *name, char value[VALUE_MAX])
{
	char		decoded[VALUE_MAX];
	const char	*p;
	size_t		 len, eq;

	for (p = query; *p != '\0' && *p != '#'; p += len + (p[len] == '&')) {
		len = strcspn(p, "&#");
		eq = strcspn(p, "=");
		if (eq >= len || !query_decode(p, eq, decoded) ||
		    strcasecmp(decoded, name) != 0)
			continue;
		return query_decode(p + eq + 1, len - eq - 1, value);
	}
	return false;
}

/* Digits up to end, as seconds since 1970 that are of our time; else 0. */
static int64_t
seconds_parse(const char *text, char end)
{
	size_t	n = strspn(text, "0123456789");

	if (n == 0 || n > 12 || text[n] != end)
		return 0;
	return strtoll(text, NULL, 10);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a <= 0)
		return b;
	return b <= 0 || a < b ? a : b;
}

usec_t
url_expires_at(const char *url)
{
	char		date[VALUE_MAX], value[VALUE_MAX];
	const char	*query = url + strcspn(url, "?#");
	const char	*second;
	int64_t		 found = 0, from, life;
	size_t		 i;

	if (*query++ != '?')
		return 0;
	for (i = 0; i < sizeof(dated_forms) / sizeof(dated_forms[0]); i++) {
		if (!query_value(query, dated_forms[i].date, date) ||
		    !query_value(query, dated_forms[i].seconds, value))
			continue;
		from = time_parse_basic(date) / USEC_PER_SEC;
		life = seconds_parse(value, '\0');
		if (from > 0 && life > 0)
			found = earlier(found, from + life);
	}
	/* A small number would be a length of time, which says nothing. */
	if (query_value(query, "Expires", value) &&
	    (from = seconds_parse(value, '\0')) >= INT64_C(1000000000))
		found = earlier(found, from);
	if (query_value(query, "q-sign-time", value) &&
	    (second = strchr(value, ';')) != NULL)
		found = earlier(found, seconds_parse(second + 1, '\0'));
	return usec_from_seconds(found);
}
