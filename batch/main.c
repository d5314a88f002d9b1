/*
 * genhook-sweep: one run of the batch job.  Cron starts it each minute; two
 * runs at once pass over each other's work.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/units.h"
#include "common/database.h"
#include "batch/progress.h"
#include "batch/sweep.h"

#define EXIT_ALL_DONE		0
#define EXIT_ATTENTION		1
#define EXIT_COULD_NOT_RUN	2

#define ROLE			"genhook_sweeper"

struct options {
	const char	*config;
	const char	*provider;
	const char	*task_id;
	bool		 dry_run;
	bool		 verbose;
};

static const struct option names[] = {
	{ "config",	required_argument,	NULL, 'c' },
	{ "provider",	required_argument,	NULL, 'p' },
	{ "task",	required_argument,	NULL, 't' },
	{ "dry-run",	no_argument,		NULL, 'n' },
	{ "verbose",	no_argument,		NULL, 'v' },
	{ "help",	no_argument,		NULL, 'h' },
	{ NULL,		0,			NULL, 0 }
};

static void
print_help(FILE *out)
{
	(void)fprintf(out,
	    "usage: genhook-sweep [--config FILE] [--provider NAME] "
	    "[--task ID]\n"
	    "                     [--dry-run] [--verbose] [--help]\n"
	    "\n"
	    "Drains the spool, sends queued requests, polls for callbacks that"
	    " never\n"
	    "came, downloads outputs and drops what is old; then ends.  Meant "
	    "for cron,\n"
	    "once a minute.\n"
	    "\n"
	    "  --config FILE    settings, else $GENHOOK_CONF, else\n"
	    "                   " CONF_DEFAULT_PATH "\n"
	    "  --provider NAME  poll and download only for this provider\n"
	    "  --task ID        poll and download only this task\n"
	    "  --dry-run        say what is due; change nothing\n"
	    "  --verbose        log each failed attempt\n"
	    "\n"
	    "Exit status: 0 all done, 1 something needs attention, 2 could "
	    "not run.\n");
}

static void
options_read(struct options *o, int argc, char **argv)
{
	int	c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'p':
			o->provider = optarg;
			break;
		case 't':
			o->task_id = optarg;
			break;
		case 'n':
			o->dry_run = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'h':
			print_help(stdout);
			exit(EXIT_ALL_DONE);
		default:
			print_help(stderr);
			exit(EXIT_COULD_NOT_RUN);
		}
	if (optind < argc) {
		print_help(stderr);
		exit(EXIT_COULD_NOT_RUN);
	}
	if (o->provider != NULL && provider_find(o->provider) == NULL) {
		(void)fprintf(stderr, "genhook-sweep: there is no provider "
		    "\"%s\"\n", o->provider);
		exit(EXIT_COULD_NOT_RUN);
	}
}

/* Keys must not end in a core file, nor outputs be readable by everybody; and
 * what comes to rest holds files open beside what is in flight. */
static void
limits_set(void)
{
	const struct rlimit	none = { 0, 0 };
	struct rlimit		files;

	(void)setrlimit(RLIMIT_CORE, &none);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)umask(027);
}

static bool
database_open(struct sweep *s)
{
	const struct conf	*conf = s->conf;
	const char		*conninfo = conf->sweep_conninfo;

	if (conninfo == NULL || *conninfo == '\0')
		conninfo = conf->conninfo;
	s->db = database_new(conninfo, ROLE, conf->pooler);
	if (s->db == NULL)
		sweep_break(s, "out of memory");
	return s->db != NULL;
}

static void
print_summary(const struct sweep *s)
{
	const struct sweep_counts	*c = &s->counts;
	char				 size[32];

	units_bytes(c->bytes, size);
	(void)printf("sweep: drained %lld, refused %lld, submitted %lld, "
	    "polled %lld, finished %lld, lost %lld, stored %lld (%s), "
	    "retried %lld, expired %lld, failed %lld, %.1f s\n",
	    (long long)c->drained, (long long)c->refused,
	    (long long)c->submitted, (long long)c->polled,
	    (long long)c->finished, (long long)c->lost,
	    (long long)c->stored, size, (long long)c->retried,
	    (long long)c->expired, (long long)c->failed,
	    (double)(clock_ms() - s->started_ms) / 1000);
}

static void
run(struct sweep *s, bool with_progress)
{
	if (!sweep_begin(s))
		return;
	if (with_progress)
		s->progress = progress_new();
	sweep_drain(s);
	sweep_replay(s);
	sweep_submits(s);
	sweep_polls(s);
	sweep_download(s);
	sweep_retain(s);
	progress_free(s->progress);
	s->progress = NULL;
	if (sweep_stopping() && !s->broken)
		errbuf_set(&s->error, "stopped by a signal");
	(void)sweep_finish(s);
	print_summary(s);
}

int
main(int argc, char **argv)
{
	struct options	 o = { 0 };
	struct sweep	 s = { 0 };
	struct conf	*conf;
	struct errbuf	 err;

	options_read(&o, argc, argv);
	log_open("genhook-sweep", o.verbose ? LOG_DEBUG : LOG_WARN);
	limits_set();
	if ((conf = conf_load(o.config, &err)) == NULL) {
		log_line(LOG_ERROR, "%s", err.text);
		return EXIT_COULD_NOT_RUN;
	}
	s.conf = conf;
	s.provider = o.provider;
	s.task_id = o.task_id;
	s.started_ms = clock_ms();
	sweep_catch_signals();
	if (database_open(&s)) {
		if (o.dry_run)
			(void)sweep_print_dry_run(&s);
		else
			run(&s, !o.verbose);
	}
	db_free(s.db);
	conf_free(conf);
	if (s.broken)
		return EXIT_COULD_NOT_RUN;
	return s.attention ? EXIT_ATTENTION : EXIT_ALL_DONE;
}
