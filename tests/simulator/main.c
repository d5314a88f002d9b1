/* genhook-simulator: the providers on loopback.  See README.md here. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "callbacks.h"
#include "clock.h"
#include "files.h"
#include "http.h"
#include "ledger.h"
#include "provider.h"
#include "version_text.h"

static void
seed_open(void)
{
	uint64_t	 seed = (uint64_t)opts.seed;

	if (opts.seed == -1 &&
	    getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)clock_unix_us();
	dice_seed(seed);
	json_object_seed(0);
}

/* Renamed into place: whoever waits for the file finds the whole number. */
static bool
port_write(const char *path, struct words *why)
{
	char	*tmp = NULL;
	FILE	*f = NULL;
	bool	 ok = false;

	if (path == NULL)
		return true;
	if (asprintf(&tmp, "%s.tmp", path) == -1)
		tmp = NULL;
	if (tmp != NULL && (f = fopen(tmp, "we")) != NULL) {
		ok = fprintf(f, "%d\n", http_port()) > 0;
		ok = fclose(f) == 0 && ok && rename(tmp, path) == 0;
	}
	if (!ok)
		words_set(why, "could not write \"%s\": %m", path);
	free(tmp);
	return ok;
}

static bool
all_open(struct words *why)
{
	if (!tasks_open() || !media_open((size_t)opts.file_bytes)) {
		words_set(why, "out of memory");
		return false;
	}
	files_open();
	provider_open();
	faults_open(&opts.faults);
	return ledger_open(opts.ledger, why) && callbacks_open(why) &&
	    http_open(opts.address, opts.port, why) &&
	    port_write(opts.port_file, why);
}

static void
all_close(void)
{
	clock_stop();
	http_close();
	callbacks_close();
	ledger_close();
	tasks_close();
	media_close();
}

/* The signals that end the program are waited for, in this thread alone. */
static void
signals_block(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int
main(int argc, char **argv)
{
	struct words	 why;
	sigset_t	 set;
	int		 sig, status = 0;

	if (!options_parse(argc, argv, &opts, &why)) {
		(void)fprintf(stderr, "genhook-simulator: %s\n", why.text);
		return 2;
	}
	if (opts.version) {
		(void)printf("genhook-simulator %s\n", VERSION_TEXT);
		return 0;
	}
	if (opts.help) {
		options_usage();
		return 0;
	}
	signals_block(&set);
	seed_open();
	if (all_open(&why)) {
		(void)printf("listening on %s\n", http_base());
		(void)fflush(stdout);
		(void)sigwait(&set, &sig);
	} else {
		(void)fprintf(stderr, "genhook-simulator: %s\n", why.text);
		status = 1;
	}
	all_close();
	return status;
}
