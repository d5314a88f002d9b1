/* Moments of the calendar: now, and from the forms that others write. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "lib/time.h"

#define YEAR_9999_S	INT64_C(253402300799)

usec_t
time_now(void)
{
	struct timespec	now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
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
usec_from_epoch(int64_t n)
{
	/* Each unit's numbers of this century are below the next one's. */
	if (n < INT64_C(100000000000))
		return usec_from_seconds(n);
	if (n < INT64_C(100000000000000))
		return usec_from_millis(n);
	return n / USEC_PER_SEC <= YEAR_9999_S ? n : 0;
}

/* Exactly n digits as a number, or -1. */
static int
time_take_digits(const char **p, int n)
{
	int	value = 0;

	while (n-- > 0) {
		if (!isdigit((unsigned char)**p))
			return -1;
		value = value * 10 + *(*p)++ - '0';
	}
	return value;
}

/* One character, which is any of these. */
static bool
time_take_char(const char **p, const char *any)
{
	if (**p == '\0' || strchr(any, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

/* A date and a time of day, each -1 where the text had no digits. */
struct civil {
	int	year, mon, day, hour, min, sec;
};

static bool
civil_is_valid(const struct civil *c)
{
	static const int	days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
				    31, 30, 31 };
	bool			leap;

	leap = c->year % 4 == 0 && (c->year % 100 != 0 || c->year % 400 == 0);
	return c->year >= 1970 && c->mon >= 1 && c->mon <= 12 && c->day >= 1 &&
	    c->day <= days[c->mon - 1] + (c->mon == 2 && leap) &&
	    c->hour >= 0 && c->hour <= 23 && c->min >= 0 && c->min <= 59 &&
	    c->sec >= 0 && c->sec <= 60;
}

/* Seconds since 1970, or -1 when it is no moment from then to year 9999. */
static int64_t
seconds_from_civil(const struct civil *c)
{
	struct tm	tm = { 0 };

	if (!civil_is_valid(c))
		return -1;
	tm.tm_year = c->year - 1900;
	tm.tm_mon = c->mon - 1;
	tm.tm_mday = c->day;
	tm.tm_hour = c->hour;
	tm.tm_min = c->min;
	tm.tm_sec = c->sec;
	return (int64_t)timegm(&tm);
}

usec_t
time_parse_basic(const char *text)
{
	struct civil	c;

	c.year = time_take_digits(&text, 4);
	c.mon = time_take_digits(&text, 2);
	c.day = time_take_digits(&text, 2);
	if (!time_take_char(&text, "T"))
		return 0;
	c.hour = time_take_digits(&text, 2);
	c.min = time_take_digits(&text, 2);
	c.sec = time_take_digits(&text, 2);
	if (!time_take_char(&text, "Z") || *text != '\0')
		return 0;
	return usec_from_seconds(seconds_from_civil(&c));
}

/* ".239112031" as microseconds; 0 when there is none, -1 when bad. */
static usec_t
time_take_fraction(const char **p)
{
	usec_t	usec = 0, unit = USEC_PER_SEC / 10;

	if (!time_take_char(p, "."))
		return 0;
	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++, unit /= 10)
		usec += unit * (**p - '0');
	return usec;
}

/* "Z" or "+hh:mm" as seconds east of Greenwich; false when it is neither. */
static bool
time_take_offset(const char **p, int64_t *out)
{
	int	hour, min, sign;

	*out = 0;
	if (time_take_char(p, "Zz"))
		return true;
	sign = **p == '-' ? -1 : 1;
	if (!time_take_char(p, "+-") || (hour = time_take_digits(p, 2)) < 0 ||
	    !time_take_char(p, ":") || (min = time_take_digits(p, 2)) < 0 ||
	    hour > 23 || min > 59)
		return false;
	*out = sign * (hour * 3600 + min * 60);
	return true;
}

/* "2025-09-25T09:12:48"; what the numbers are worth is not looked at. */
static bool
time_take_civil(const char **p, struct civil *c)
{
	return (c->year = time_take_digits(p, 4)) >= 0 &&
	    time_take_char(p, "-") &&
	    (c->mon = time_take_digits(p, 2)) >= 0 &&
	    time_take_char(p, "-") &&
	    (c->day = time_take_digits(p, 2)) >= 0 &&
	    time_take_char(p, "Tt ") &&
	    (c->hour = time_take_digits(p, 2)) >= 0 &&
	    time_take_char(p, ":") &&
	    (c->min = time_take_digits(p, 2)) >= 0 &&
	    time_take_char(p, ":") &&
	    (c->sec = time_take_digits(p, 2)) >= 0;
}

usec_t
time_parse_rfc3339(const char *text)
{
	struct civil	c;
	int64_t		seconds, offset;
	usec_t		fraction;

	if (!time_take_civil(&text, &c) ||
	    (fraction = time_take_fraction(&text)) < 0 ||
	    !time_take_offset(&text, &offset) || *text != '\0')
		return 0;
	seconds = seconds_from_civil(&c);
	if (seconds < 0 || seconds <= offset)
		return 0;
	return (seconds - offset) * USEC_PER_SEC + fraction;
}
