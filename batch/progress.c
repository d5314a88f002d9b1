/* The live line on a terminal: a bar or a count, bytes and the time left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/units.h"
#include "batch/progress.h"
#include "batch/sweep.h"

#define SHOW_EVERY_MS	200
#define RATE_OVER_MS	2000
#define GUESS_AFTER_MS	1000	/* before that the pace is no pace */
#define BAR_LETTERS	20

struct progress {
	int64_t		 shown_ms;
	const char	*what;			/* since began_ms */
	int64_t		 began_ms;
	int64_t		 mark_ms, mark_bytes;	/* where the rate is counted
						   from */
	double		 rate;			/* bytes a second */
	size_t		 turn;
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
progress_measure_rate(struct progress *p, int64_t now, int64_t bytes)
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

/* How much of the whole has come, from 0 to 1. */
static double
progress_share(const struct progress_facts *f)
{
	double	share = ((double)f->done + f->parts) / (double)f->total;

	return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void
progress_bar(double share, char text[BAR_LETTERS + 1])
{
	size_t	full = (size_t)(share * BAR_LETTERS);

	memset(text, '-', BAR_LETTERS);
	memset(text, '#', full);
	text[BAR_LETTERS] = '\0';
}

/* ", 1:20 left", or nothing while nobody can tell. */
static void
progress_left(double share, int64_t elapsed_ms, char *buf, size_t bufsz)
{
	int64_t	left_s;

	buf[0] = '\0';
	if (share <= 0 || elapsed_ms < GUESS_AFTER_MS)
		return;
	left_s = (int64_t)((double)elapsed_ms * (1 - share) / share / 1000 +
	    0.5);
	if (left_s < 3600)
		(void)snprintf(buf, bufsz, ", %lld:%02lld left",
		    (long long)left_s / 60, (long long)left_s % 60);
	else
		(void)snprintf(buf, bufsz, ", %lld h left",
		    (long long)(left_s + 1800) / 3600);
}

void
progress_line(const struct progress_facts *f, int64_t elapsed_ms, double rate,
    char *buf, size_t bufsz)
{
	char	hashes[BAR_LETTERS + 1], size[32], speed[32], left[40] = "",
		moved[80] = "", count[80];

	(void)snprintf(count, sizeof(count), ": %lld done, %d in flight",
	    (long long)f->done, f->in_flight);
	if (f->total > 0) {
		progress_bar(progress_share(f), hashes);
		progress_left(progress_share(f), elapsed_ms, left,
		    sizeof(left));
		(void)snprintf(count, sizeof(count), " [%s] %lld of %lld",
		    hashes, (long long)f->done, (long long)f->total);
	}
	if (f->bytes >= 0) {
		units_bytes(f->bytes, size);
		units_bytes((int64_t)rate, speed);
		(void)snprintf(moved, sizeof(moved), ", %s, %s/s", size,
		    speed);
	}
	(void)snprintf(buf, bufsz, "%s%s%s%s", f->what, count, moved, left);
}

void
progress_show(struct progress *p, const struct progress_facts *f)
{
	static const char	 wheel[] = "|/-\\";
	char			 line[256];
	int64_t			 now = clock_ms();

	if (p == NULL || now - p->shown_ms < SHOW_EVERY_MS)
		return;
	if (p->what != f->what) {
		p->what = f->what;
		p->began_ms = now;
	}
	p->shown_ms = now;
	p->turn = (p->turn + 1) % (sizeof(wheel) - 1);
	if (f->bytes >= 0)
		progress_measure_rate(p, now, f->bytes);
	progress_line(f, now - p->began_ms, p->rate, line, sizeof(line));
	(void)fprintf(stderr, "\r\033[K%c %s", wheel[p->turn], line);
	(void)fflush(stderr);
}
