/* Time, interruptible sleep, and the dice. */
#include <pthread.h>
#include <time.h>

#include "clock.h"

static pthread_mutex_t	 lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t	 stop_cond = PTHREAD_COND_INITIALIZER;
static bool		 stopping;
static uint64_t		 dice_state;

static int64_t
clock_us(clockid_t which)
{
	struct timespec	 ts;

	(void)clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_steady_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t
clock_unix_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

/* Writes unix time t (microseconds) as UTC in strftime's form fmt. */
void
clock_utc(int64_t t, const char *fmt, char *buf, size_t size)
{
	time_t		 s = (time_t)(t / 1000000);
	struct tm	 tm;

	(void)gmtime_r(&s, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(buf, size, fmt, &tm) == 0)
		buf[0] = '\0';
#pragma GCC diagnostic pop
}

/* Returns false when the program is to end, however much time was left. */
bool
clock_sleep_ms(long ms)
{
	struct timespec	 until;
	bool		 over;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&lock);
	while (!stopping &&
	    pthread_cond_timedwait(&stop_cond, &lock, &until) == 0)
		continue;
	over = stopping;
	(void)pthread_mutex_unlock(&lock);
	return !over;
}

void
clock_stop(void)
{
	(void)pthread_mutex_lock(&lock);
	stopping = true;
	(void)pthread_cond_broadcast(&stop_cond);
	(void)pthread_mutex_unlock(&lock);
}

bool
clock_stopping(void)
{
	bool	 over;

	(void)pthread_mutex_lock(&lock);
	over = stopping;
	(void)pthread_mutex_unlock(&lock);
	return over;
}

void
dice_seed(uint64_t seed)
{
	dice_state = seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014): any seed is a good one. */
uint64_t
dice_bits(void)
{
	uint64_t	 z;

	(void)pthread_mutex_lock(&lock);
	z = (dice_state += 0x9e3779b97f4a7c15U);
	(void)pthread_mutex_unlock(&lock);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

/* From 0 up to, but not, 1. */
double
dice_real(void)
{
	return (double)(dice_bits() >> 11) / 9007199254740992.0;
}

/* A whole number from min to max, both included. */
long
dice_between(long min, long max)
{
	return min + (long)(dice_real() * (double)(max - min + 1));
}
