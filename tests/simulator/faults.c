/* The dice: how often each fault strikes, and what one request asks for. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "faults.h"

static const char *const names[F__MAX] = {
	[F_LOSE] = "lose", [F_DUPLICATE] = "duplicate",
	[F_REORDER] = "reorder", [F_LATE] = "late", [F_EARLY] = "early",
	[F_GARBAGE] = "garbage", [F_SLOW] = "slow", [F_FAIL] = "fail",
	[F_BUSY] = "busy", [F_SUBMIT_BUSY] = "submit-busy",
	[F_SUBMIT_REFUSE] = "submit-refuse",
	[F_SUBMIT_HANGUP] = "submit-hangup",
};

/* No test needs more, and each copy is a delivery in memory. */
#define COPIES_MAX	1000

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static struct faults	 now;

void
faults_open(const struct faults *from)
{
	now = *from;
}

static double
faults_pct(enum fault f)
{
	double	 pct;

	(void)pthread_mutex_lock(&lock);
	pct = now.pct[f];
	(void)pthread_mutex_unlock(&lock);
	return pct;
}

bool
faults_roll(enum fault f)
{
	double	 pct = faults_pct(f);

	/* No die for what cannot happen, so that a seed keeps its meaning. */
	return pct > 0 && dice_real() * 100 < pct;
}

static long
number_now(const long *number)
{
	long	 value;

	(void)pthread_mutex_lock(&lock);
	value = *number;
	(void)pthread_mutex_unlock(&lock);
	return value;
}

long
faults_late_ms(void)
{
	return number_now(&now.late_ms);
}

long
faults_status_delay_ms(void)
{
	return number_now(&now.status_delay_ms);
}

long
faults_clock_ahead_s(void)
{
	return number_now(&now.clock_ahead_s);
}

long
faults_submit_delay_ms(void)
{
	return number_now(&now.submit_delay_ms);
}

long
faults_submit_status(void)
{
	return number_now(&now.submit_status);
}

long
faults_poll_status(void)
{
	return number_now(&now.poll_status);
}

long
faults_link_seconds(void)
{
	return number_now(&now.link_seconds);
}

static bool
word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncmp(word, name, len) == 0;
}

static void
plan_add(struct plan *plan, const char *word, size_t len)
{
	const char	*value = memchr(word, '=', len);
	size_t		 left = value == NULL ? len : (size_t)(value - word);

	if (word_is(word, left, "cancel"))
		plan->cancel = true;
	else if (word_is(word, left, "never"))
		plan->never = true;
	else if (word_is(word, left, "notfound"))
		plan->notfound = true;
	else if (word_is(word, left, "url") && value != NULL &&
	    len - left - 1 < sizeof(plan->url))
		memcpy(plan->url, value + 1, len - left - 1);
	for (int f = 0; f < F__MAX; f++)
		if (word_is(word, left, names[f]))
			plan->on[f] = true;
	if (word_is(word, left, names[F_DUPLICATE]) && value != NULL) {
		plan->copies = strtol(value + 1, NULL, 10);
		if (plan->copies < 0 || plan->copies > COPIES_MAX)
			plan->copies = COPIES_MAX;
	}
}

/*
 * Fills in plan for one submit.  words is the X-Simulate header, names
 * separated by commas; when it is there no die is thrown, and "none" is a
 * task without faults.  NULL throws the dice.
 */
void
faults_plan(const char *words, struct plan *plan)
{
	size_t	 len;

	memset(plan, 0, sizeof(*plan));
	plan->copies = 1;
	if (words == NULL) {
		for (int f = 0; f < F__MAX; f++)
			plan->on[f] = f < F_BUSY && faults_roll(f);
		return;
	}
	while (*(words += strspn(words, ", ")) != '\0') {
		len = strcspn(words, ", ");
		plan_add(plan, words, len);
		words += len;
	}
}

static bool
faults_set(struct faults *to, const char *name, json_t *value)
{
	double	 number = json_number_value(value);

	if (!json_is_number(value) || number < 0)
		return false;
	for (int f = 0; f < F__MAX; f++)
		if (strcmp(name, names[f]) == 0) {
			to->pct[f] = number;
			return number <= 100;
		}
	if (strcmp(name, "late-ms") == 0)
		to->late_ms = (long)number;
	else if (strcmp(name, "status-delay-ms") == 0)
		to->status_delay_ms = (long)number;
	else if (strcmp(name, "clock-ahead-s") == 0)
		to->clock_ahead_s = (long)number;
	else if (strcmp(name, "submit-delay-ms") == 0)
		to->submit_delay_ms = (long)number;
	else if (strcmp(name, "submit-status") == 0)
		to->submit_status = (long)number;
	else if (strcmp(name, "poll-status") == 0)
		to->poll_status = (long)number;
	else if (strcmp(name, "link-seconds") == 0)
		to->link_seconds = (long)number;
	else
		return false;
	return number <= 86400000;
}

/*
 * Takes an object of option names and numbers (borrowed).  All are changed
 * or, when one is unknown or out of bounds, none: then returns false and
 * points bad to its name, which lives as long as the object.
 */
bool
faults_change(json_t *obj, const char **bad)
{
	struct faults	 next;
	const char	*name;
	json_t		*value;
	bool		 ok = true;

	(void)pthread_mutex_lock(&lock);
	next = now;
	json_object_foreach(obj, name, value)
		if (ok && !faults_set(&next, name, value)) {
			*bad = name;
			ok = false;
		}
	if (ok)
		now = next;
	(void)pthread_mutex_unlock(&lock);
	return ok;
}

/* The settings as they are; the caller owns the object. */
json_t *
faults_show(void)
{
	json_t	*obj = json_object();

	(void)pthread_mutex_lock(&lock);
	for (int f = 0; f < F__MAX; f++)
		(void)json_object_set_new(obj, names[f],
		    json_real(now.pct[f]));
	(void)json_object_set_new(obj, "late-ms", json_integer(now.late_ms));
	(void)json_object_set_new(obj, "status-delay-ms",
	    json_integer(now.status_delay_ms));
	(void)json_object_set_new(obj, "clock-ahead-s",
	    json_integer(now.clock_ahead_s));
	(void)json_object_set_new(obj, "submit-delay-ms",
	    json_integer(now.submit_delay_ms));
	(void)json_object_set_new(obj, "submit-status",
	    json_integer(now.submit_status));
	(void)json_object_set_new(obj, "poll-status",
	    json_integer(now.poll_status));
	(void)json_object_set_new(obj, "link-seconds",
	    json_integer(now.link_seconds));
	(void)pthread_mutex_unlock(&lock);
	return obj;
}
