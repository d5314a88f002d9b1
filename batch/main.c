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
#include "lib/version.h"
#include "common/database.h"
#include "batch/alert.h"
#include "batch/check.h"
#include "batch/dry_run.h"
#include "batch/follow.h"
#include "batch/place.h"
#include "batch/progress.h"
#include "batch/steps.h"

#define EXIT_ALL_DONE		0
#define EXIT_ATTENTION		1
#define EXIT_COULD_NOT_RUN	2

#define ROLE			"genhook_sweeper"

struct sweep_options {
	const char	*config;
	const char	*provider;
	const char	*task_id;
	bool		 dry_run;
	bool		 follow;
	bool		 quiet;
	bool		 verbose;
};

static const struct option sweep_option_names[] = {
	{ "config",	required_argument,	NULL, 'c' },
	{ "provider",	required_argument,	NULL, 'p' },
	{ "task",	required_argument,	NULL, 't' },
	{ "dry-run",	no_argument,		NULL, 'n' },
	{ "follow",	no_argument,		NULL, 'f' },
	{ "quiet",	no_argument,		NULL, 'q' },
	{ "verbose",	no_argument,		NULL, 'v' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "version",	no_argument,		NULL, 'V' },
	{ NULL,		0,			NULL, 0 }
};

static void
sweep_print_help(FILE *out)
{
	const struct step	*step;

	(void)fprintf(out,
	    "usage: genhook-sweep [--config FILE] [--provider NAME] "
	    "[--task ID]\n"
	    "                     [--dry-run | --follow] [--quiet] [--verbose] "
	    "[--help]\n"
	    "                     [--version]\n"
	    "\n"
	    "Does what is due, one step after the other, and ends.  Meant for "
	    "cron, once a\n"
	    "minute; or with --follow as a service, which runs as soon as "
	    "there is something to\n"
	    "do.  Each step, and after which part of sweep.max_seconds it "
	    "makes way for the next:\n"
	    "\n");
	for (step = steps; step->name != NULL; step++)
		(void)fprintf(out, "  %-8s  %3d %%  %s\n", step->name,
		    step->ends, step->words);
	(void)fprintf(out,
	    "\n"
	    "  --config FILE    settings, else $GENHOOK_CONF, else\n"
	    "                   " CONF_DEFAULT_PATH "\n"
	    "  --provider NAME  poll and download only for this provider\n"
	    "  --task ID        poll and download only this task\n"
	    "  --dry-run        say what is due; change nothing\n"
	    "  --follow         go on until SIGTERM: run when a task finishes, "
	    "a request is\n"
	    "                   queued, or something falls due\n"
	    "  --quiet          no line about a run that had nothing to do\n"
	    "  --verbose        log each failed attempt\n"
	    "\n"
	    "Exit status: 0 all done, 1 something needs attention, 2 could "
	    "not run.\n");
}

/* The command line was wrong. */
static void
sweep_exit_usage(void)
{
	sweep_print_help(stderr);
	exit(EXIT_COULD_NOT_RUN);
}

/* Ends the program where it was asked for help, or something is wrong. */
static void
sweep_read_options(struct sweep_options *o, int argc, char **argv)
{
	int	c;

	while ((c = getopt_long(argc, argv, "", sweep_option_names, NULL)) !=
	    -1)
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
		case 'f':
			o->follow = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'V':
			version_print("genhook-sweep");
			exit(EXIT_ALL_DONE);
		case 'h':
			sweep_print_help(stdout);
			exit(EXIT_ALL_DONE);
		default:
			sweep_exit_usage();
		}
	if (optind < argc || (o->follow && (o->dry_run || o->task_id != NULL)))
		sweep_exit_usage();
	if (o->provider != NULL && provider_find(o->provider) == NULL) {
		(void)fprintf(stderr, "genhook-sweep: there is no provider "
		    "\"%s\"\n", o->provider);
		exit(EXIT_COULD_NOT_RUN);
	}
}

/* Keys must not end in a core file, nor outputs be readable by everybody; and
 * files that are being finished are open beside those in flight. */
static void
sweep_set_limits(void)
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

static struct conf *
sweep_load_conf(const char *path)
{
	struct conf	*conf;
	struct errbuf	 err;

	if ((conf = conf_load(path, &err)) == NULL)
		log_line(LOG_ERROR, "%s", err.text);
	return conf;
}

/* False: no memory, and the run is broken. */
static bool
sweep_open_db(struct sweep *s)
{
	const struct conf	*conf = s->run.conf;
	const char		*conninfo = conf->sweep_conninfo;

	if (conninfo == NULL || *conninfo == '\0')
		conninfo = conf->conninfo;
	s->run.db = database_new(conninfo, ROLE, conf->pooler);
	if (s->run.db == NULL)
		run_break(&s->run, "out of memory");
	return s->run.db != NULL;
}

static void
sweep_print_summary(const struct sweep *s)
{
	const struct sweep_counts	*c = &s->counts;
	char				 size[32];

	units_bytes(c->bytes, size);
	(void)printf("sweep: drained %lld, refused %lld, submitted %lld, "
	    "polled %lld, finished %lld, lost %lld, stored %lld (%s), "
	    "retried %lld, expired %lld, failed %lld, told %lld, %.1f s\n",
	    (long long)c->drained, (long long)c->refused,
	    (long long)c->submitted, (long long)c->polled,
	    (long long)c->finished, (long long)c->lost,
	    (long long)c->stored, size, (long long)c->retried,
	    (long long)c->expired, (long long)c->failed, (long long)c->told,
	    (double)(clock_ms() - s->started_ms) / 1000);
}

static bool
sweep_did_nothing(const struct sweep *s)
{
	const struct sweep_counts	none = { 0 };

	return !s->run.attention && !s->run.broken &&
	    memcmp(&s->counts, &none, sizeof(none)) == 0;
}

static void
sweep_run(struct sweep *s, const struct sweep_options *o)
{
	place_take();
	if (!sweep_begin(s)) {
		check_note_leave(&s->run);
		alert_cannot_begin(&s->run);
		return;
	}
	check_note_remove(&s->run);
	if (!o->verbose && !o->quiet)
		s->run.progress = progress_new();
	steps_run(s);
	progress_free(s->run.progress);
	s->run.progress = NULL;
	if (run_stopping() && s->run.error.text[0] == '\0')
		errbuf_set(&s->run.error, "stopped by a signal");
	(void)sweep_finish(s);
	alert_after_run(&s->run);
	if (!o->quiet || !sweep_did_nothing(s))
		sweep_print_summary(s);
}

/* The runs are told what this process was told, but for following. */
static int
sweep_follow(const struct conf *conf, const struct sweep_options *o)
{
	const char	*argv[10] = { "genhook-sweep", "--quiet" };
	size_t		 n = 2;

	if (o->config != NULL) {
		argv[n++] = "--config";
		argv[n++] = o->config;
	}
	if (o->provider != NULL) {
		argv[n++] = "--provider";
		argv[n++] = o->provider;
	}
	if (o->verbose)
		argv[n++] = "--verbose";
	return follow(conf, argv) == FOLLOW_STOPPED ? EXIT_ALL_DONE :
	    EXIT_COULD_NOT_RUN;
}

static int
sweep_exit_status(const struct sweep *s)
{
	if (s->run.broken)
		return EXIT_COULD_NOT_RUN;
	return s->run.attention ? EXIT_ATTENTION : EXIT_ALL_DONE;
}

static int
sweep_once(struct sweep *s, const struct sweep_options *o)
{
	if (sweep_open_db(s)) {
		if (o->dry_run)
			dry_run(s);
		else
			sweep_run(s, o);
	}
	db_free(s->run.db);
	return sweep_exit_status(s);
}

int
main(int argc, char **argv)
{
	struct sweep_options	 o = { 0 };
	struct sweep		 s = { .started_ms = clock_ms() };
	struct conf		*conf;
	int			 status;

	sweep_read_options(&o, argc, argv);
	log_open("genhook-sweep", o.verbose ? LOG_DEBUG : LOG_WARN);
	sweep_set_limits();
	if ((conf = sweep_load_conf(o.config)) == NULL)
		return EXIT_COULD_NOT_RUN;
	s.run.conf = conf;
	s.provider = o.provider;
	s.task_id = o.task_id;
	run_catch_signals();
	if (o.follow)
		status = sweep_follow(conf, &o);
	else
		status = sweep_once(&s, &o);
	conf_free(conf);
	return status;
}
