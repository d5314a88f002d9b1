/* When things happened and when links end. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "lib/buf.h"
#include "handlers/result.h"

#define VALUE_MAX	128	/* of a query value that can matter here */
#define YEAR_9999_S	INT64_C(253402300799)

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

/* Exactly n digits as a number, or -1. */
static int
digits_take(const char **p, int n)
{
	int	value = 0;

	while (n-- > 0) {
		if (!isdigit((unsigned char)**p))
			return -1;
		value = value * 10 + *(*p)++ - '0';
	}
	return value;
}

static bool
char_take(const char **p, const char *any)
{
	if (**p == '\0' || strchr(any, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

/* Seconds since 1970, or -1 when it is no moment from then to year 9999. */
static int64_t
seconds_from_civil(int year, int mon, int day, int hour, int min, int sec)
{
	static const int	days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
				    31, 30, 31 };
	struct tm		tm;
	bool			leap;

	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (year < 1970 || mon < 1 || mon > 12 || day < 1 ||
	    day > days[mon - 1] + (mon == 2 && leap) ||
	    hour < 0 || hour > 23 || min < 0 || min > 59 || sec < 0 || sec > 60)
		return -1;
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = year - 1900;
	tm.tm_mon = mon - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = min;
	tm.tm_sec = sec;
	return (int64_t)timegm(&tm);
}

/* The compact form in signed URLs: 20250925T091248Z. */
static int64_t
compact_date_parse(const char *text)
{
	int	year, mon, day, hour, min, sec;

	year = digits_take(&text, 4);
	mon = digits_take(&text, 2);
	day = digits_take(&text, 2);
	if (!char_take(&text, "T"))
		return -1;
	hour = digits_take(&text, 2);
	min = digits_take(&text, 2);
	sec = digits_take(&text, 2);
	if (!char_take(&text, "Z") || *text != '\0')
		return -1;
	return seconds_from_civil(year, mon, day, hour, min, sec);
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
		from = compact_date_parse(date);
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

/* ".239112031" as microseconds; 0 when there is none, -1 when bad. */
static usec_t
fraction_take(const char **p)
{
	usec_t	usec = 0, unit = USEC_PER_SEC / 10;

	if (!char_take(p, "."))
		return 0;
	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++, unit /= 10)
		usec += unit * (**p - '0');
	return usec;
}

/* "Z" or "+hh:mm" as seconds east of Greenwich; false when it is neither. */
static bool
offset_take(const char **p, int64_t *out)
{
	int	hour, min, sign;

	*out = 0;
	if (char_take(p, "Zz"))
		return true;
	sign = **p == '-' ? -1 : 1;
	if (!char_take(p, "+-") || (hour = digits_take(p, 2)) < 0 ||
	    !char_take(p, ":") || (min = digits_take(p, 2)) < 0 ||
	    hour > 23 || min > 59)
		return false;
	*out = sign * (hour * 3600 + min * 60);
	return true;
}

/* RFC 3339, section 5.6. */
usec_t
time_parse_rfc3339(const char *text)
{
	int	year, mon, day, hour, min, sec;
	int64_t	seconds, offset;
	usec_t	fraction;

	if ((year = digits_take(&text, 4)) < 0 || !char_take(&text, "-") ||
	    (mon = digits_take(&text, 2)) < 0 || !char_take(&text, "-") ||
	    (day = digits_take(&text, 2)) < 0 || !char_take(&text, "Tt ") ||
	    (hour = digits_take(&text, 2)) < 0 || !char_take(&text, ":") ||
	    (min = digits_take(&text, 2)) < 0 || !char_take(&text, ":") ||
	    (sec = digits_take(&text, 2)) < 0)
		return 0;
	if ((fraction = fraction_take(&text)) < 0 ||
	    !offset_take(&text, &offset) || *text != '\0')
		return 0;
	seconds = seconds_from_civil(year, mon, day, hour, min, sec);
	if (seconds < 0 || seconds <= offset)
		return 0;
	return (seconds - offset) * USEC_PER_SEC + fraction;
}

usec_t
usec_from_seconds(int64_t seconds)
{
	if (seconds <= 0 || seconds > YEAR_9999_S)
		return 0;
	return seconds * USEC_PER_SEC;
}

usec_t
usec_from_millis(int64_t millis)
{
	if (millis <= 0 || millis / 1000 > YEAR_9999_S)
		return 0;
	return millis * (USEC_PER_SEC / 1000);
}

usec_t
time_now(void)
{
	struct timespec	now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}
