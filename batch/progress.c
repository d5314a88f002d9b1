#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"
#include "sweep.h"

#define SHOW_EVERY_MS	200
#define RATE_OVER_MS	2000

struct progress {
	int64_t	shown_ms;
	int64_t	mark_ms, mark_bytes;	/* where the rate is counted from */
	double	rate;			/* bytes a second */
	size_t	turn;
};

struct progress *
progress_new(void)
{
	if (!isatty(STDERR_FILENO))
		return NULL;
	return calloc(1, sizeof(struct progress));
}

void
progress_wipe(struct progress *p)
{
	if (p != NULL)
		(void)fprintf(stderr, "\r\033[K");
}

void
progress_free(struct progress *p)
{
	progress_wipe(p);
	free(p);
}

static void
measure_rate(struct progress *p, int64_t now, int64_t bytes)
{
	if (p->mark_ms == 0 || bytes < p->mark_bytes) {
		p->mark_ms = now;
		p->mark_bytes = bytes;
	} else if (now - p->mark_ms >= RATE_OVER_MS) {
		p->rate = (double)(bytes - p->mark_bytes) * 1000 /
		    (double)(now - p->mark_ms);
		p->mark_ms = now;
		p->mark_bytes = bytes;
	}
}

void
progress_show(struct progress *p, const char *what, int64_t done,
    int in_flight, int64_t bytes)
{
	static const char	 wheel[] = "|/-\\";
	char			 size[32], rate[32];
	int64_t			 now = clock_ms();

	if (p == NULL || now - p->shown_ms < SHOW_EVERY_MS)
		return;
	p->shown_ms = now;
	p->turn = (p->turn + 1) % (sizeof(wheel) - 1);
	(void)fprintf(stderr, "\r\033[K%c %s: %lld done, %d in flight",
	    wheel[p->turn], what, (long long)done, in_flight);
	if (bytes >= 0) {
		measure_rate(p, now, bytes);
		sweep_size_words(bytes, size, sizeof(size));
		sweep_size_words((int64_t)p->rate, rate, sizeof(rate));
		(void)fprintf(stderr, ", %s, %s/s", size, rate);
	}
	(void)fflush(stderr);
}
