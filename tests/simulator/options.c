/* The command line: one table says every option, its place and its bounds. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum kind { K_FLAG, K_LONG, K_REAL, K_TEXT, K_RANGE };

struct option {
	const char	*name;
	enum kind	 kind;
	size_t		 at;
	double		 min, max;
	const char	*help;
};

#define AT(field)	offsetof(struct options, field)
#define FAULT(f)	(AT(faults.pct) + (f) * sizeof(double))

/* Sixteen MiB: every kind of output keeps its padding in memory. */
#define FILE_BYTES_MAX	16777216
#define DAY_MS		86400000

static const struct option table[] = {
	{ "help", K_FLAG, AT(help), 0, 0, "print this list" },
	{ "version", K_FLAG, AT(version), 0, 0, "print the version" },
	{ "port", K_LONG, AT(port), 0, 65535,
	    "port of that address, 0 takes a free one" },
	{ "address", K_TEXT, AT(address), 0, 0,
	    "IPv4 address to listen on, and to name in links" },
	{ "port-file", K_TEXT, AT(port_file), 0, 0,
	    "write the port into this file" },
	{ "ledger", K_TEXT, AT(ledger), 0, 0,
	    "append one JSON line per event to this file" },
	{ "seed", K_LONG, AT(seed), 0, INT_MAX,
	    "repeat a run: same ids, dice and outputs" },
	{ "scale", K_REAL, AT(scale), 0, 1000,
	    "factor for retry spacing and sender timeouts" },
	{ "timeout-scale", K_REAL, AT(timeout_scale), 0, 1000,
	    "factor for the sender timeouts alone" },
	{ "finish-ms", K_RANGE, AT(finish_min_ms), 0, DAY_MS,
	    "MIN:MAX milliseconds from submit to finish" },
	{ "link-seconds", K_LONG, AT(faults.link_seconds), 1, 31536000,
	    "life of the links" },
	{ "file-bytes", K_LONG, AT(file_bytes), 0, FILE_BYTES_MAX,
	    "pad PNG, MP4 and WAV to about this size" },
	{ "connections", K_LONG, AT(connections), 1, 4096,
	    "callbacks in flight at once" },
	{ "lose", K_REAL, FAULT(F_LOSE), 0, 100,
	    "percent of callbacks never sent" },
	{ "duplicate", K_REAL, FAULT(F_DUPLICATE), 0, 100,
	    "percent of callbacks sent twice" },
	{ "reorder", K_REAL, FAULT(F_REORDER), 0, 100,
	    "percent of callbacks held back past later ones" },
	{ "late", K_REAL, FAULT(F_LATE), 0, 100,
	    "percent of callbacks sent late-ms after the finish" },
	{ "late-ms", K_LONG, AT(faults.late_ms), 0, DAY_MS, "how late" },
	{ "early", K_REAL, FAULT(F_EARLY), 0, 100,
	    "percent of callbacks sent before the submit is answered" },
	{ "garbage", K_REAL, FAULT(F_GARBAGE), 0, 100,
	    "percent of callbacks with a garbage one before" },
	{ "slow", K_REAL, FAULT(F_SLOW), 0, 100,
	    "percent of callbacks whose body takes 1.5 s" },
	{ "fail", K_REAL, FAULT(F_FAIL), 0, 100,
	    "percent of tasks that end failed" },
	{ "busy", K_REAL, FAULT(F_BUSY), 0, 100,
	    "percent of status requests answered 429" },
	{ "submit-busy", K_REAL, FAULT(F_SUBMIT_BUSY), 0, 100,
	    "percent of submits answered 429" },
	{ "submit-refuse", K_REAL, FAULT(F_SUBMIT_REFUSE), 0, 100,
	    "percent of submits answered 400" },
	{ "submit-hangup", K_REAL, FAULT(F_SUBMIT_HANGUP), 0, 100,
	    "percent of submits taken, and not answered" },
	{ "submit-delay-ms", K_LONG, AT(faults.submit_delay_ms), 0, 600000,
	    "wait before a submit is answered" },
	{ "status-delay-ms", K_LONG, AT(faults.status_delay_ms), 0, 600000,
	    "wait before a status answer" },
	{ "clock-ahead-s", K_LONG, AT(faults.clock_ahead_s), 0, DAY_MS,
	    "seconds by which the Date of answers is wrong" },
	{ "novita-key", K_TEXT, AT(keys[NOVITA]), 0, 0,
	    "the only API key accepted" },
	{ "apimart-key", K_TEXT, AT(keys[APIMART]), 0, 0,
	    "the only API key accepted" },
	{ "apixo-key", K_TEXT, AT(keys[APIXO]), 0, 0,
	    "the only API key accepted" },
	{ "wavespeed-key", K_TEXT, AT(keys[WAVESPEED]), 0, 0,
	    "the only API key accepted" },
	{ "replicate-key", K_TEXT, AT(keys[REPLICATE]), 0, 0,
	    "the only API key accepted" },
	{ "luma-key", K_TEXT, AT(keys[LUMA]), 0, 0,
	    "the only API key accepted" },
	{ "kie-key", K_TEXT, AT(keys[KIE]), 0, 0,
	    "the only API key accepted" },
	{ "fal-key", K_TEXT, AT(keys[FAL]), 0, 0,
	    "the only API key accepted" },
	{ "minimax-key", K_TEXT, AT(keys[MINIMAX]), 0, 0,
	    "the only API key accepted" },
	{ "runway-key", K_TEXT, AT(keys[RUNWAY]), 0, 0,
	    "the only API key accepted" },
	{ "runware-key", K_TEXT, AT(keys[RUNWARE]), 0, 0,
	    "the only API key accepted" },
	{ "bfl-key", K_TEXT, AT(keys[BFL]), 0, 0,
	    "the only API key accepted" },
	{ "openai-key", K_TEXT, AT(keys[OPENAI]), 0, 0,
	    "the only API key accepted" },
	{ "openrouter-key", K_TEXT, AT(keys[OPENROUTER]), 0, 0,
	    "the only API key accepted" },
	{ "openai-hook", K_TEXT, AT(openai_hook), 0, 0,
	    "where the events of the project go" },
	{ "wavespeed-secret", K_TEXT, AT(secrets[WAVESPEED]), 0, 0,
	    "whsec_... that signs the callbacks" },
	{ "replicate-secret", K_TEXT, AT(secrets[REPLICATE]), 0, 0,
	    "whsec_... that signs the callbacks" },
	{ "kie-secret", K_TEXT, AT(secrets[KIE]), 0, 0,
	    "text that signs the callbacks" },
	{ "openai-secret", K_TEXT, AT(secrets[OPENAI]), 0, 0,
	    "whsec_... that signs the callbacks" },
	{ "openrouter-secret", K_TEXT, AT(secrets[OPENROUTER]), 0, 0,
	    "text that signs the callbacks" },
	{ "hostile", K_FLAG, AT(hostile), 0, 0,
	    "serve the bad origin below /hostile/" },
	{ NULL, K_FLAG, 0, 0, 0, NULL }
};

static const char *const values[] = {
	[K_FLAG] = "", [K_LONG] = " N", [K_REAL] = " X", [K_TEXT] = " TEXT",
	[K_RANGE] = " MIN:MAX",
};

static const struct options defaults = {
	.seed = -1, .scale = 1.0, .timeout_scale = -1,
	.finish_min_ms = 300, .finish_max_ms = 2000, .connections = 128,
	.faults.late_ms = 5000, .faults.link_seconds = -1,
	.address = "127.0.0.1",
};

struct options	 opts;

void
words_set(struct words *why, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
}

static bool
number_parse(const char *str, char stop, double min, double max, double *out,
    const char **rest)
{
	char	*end;

	errno = 0;
	*out = strtod(str, &end);
	*rest = end;
	return end != str && *end == stop && errno == 0 && *out >= min &&
	    *out <= max;
}

static bool
option_set(const struct option *o, const char *str, struct options *to)
{
	char		*field = (char *)to + o->at;
	const char	*rest = str;
	double		 a, b;

	if (o->kind == K_FLAG) {
		*(bool *)(void *)field = true;
		return true;
	}
	if (o->kind == K_TEXT) {
		*(const char **)(void *)field = str;
		return *str != '\0';
	}
	if (!number_parse(str, o->kind == K_RANGE ? ':' : '\0', o->min, o->max,
	    &a, &rest))
		return false;
	if (o->kind == K_REAL) {
		*(double *)(void *)field = a;
		return true;
	}
	((long *)(void *)field)[0] = (long)a;
	if (a != (double)(long)a || o->kind == K_LONG)
		return a == (double)(long)a;
	if (!number_parse(rest + 1, '\0', a, o->max, &b, &rest) ||
	    b != (double)(long)b)
		return false;
	((long *)(void *)field)[1] = (long)b;
	return true;
}

static const struct option *
option_find(const char *arg)
{
	size_t	 len = strcspn(arg, "=");

	for (const struct option *o = table; o->name != NULL; o++)
		if (strlen(o->name) == len && strncmp(o->name, arg, len) == 0)
			return o;
	return NULL;
}

static const char *const wanted[] = {
	[K_LONG] = "a whole number", [K_REAL] = "a number",
	[K_RANGE] = "MIN:MAX",
};

/* Takes argv[*i], and where it has to, its value behind it. */
static bool
option_take(char **argv, int *i, struct options *to, struct words *why)
{
	const char		*arg = argv[*i], *value = strchr(arg, '=');
	const struct option	*o = strncmp(arg, "--", 2) == 0 ?
				    option_find(arg + 2) : NULL;

	if (o == NULL) {
		words_set(why, "unknown option \"%s\"", arg);
		return false;
	}
	if (value != NULL)
		value++;
	else if (o->kind != K_FLAG && argv[*i + 1] != NULL)
		value = argv[++*i];
	if (o->kind == K_FLAG ? value != NULL : value == NULL) {
		words_set(why, "option --%s %s", o->name,
		    o->kind == K_FLAG ? "takes no value" : "needs a value");
		return false;
	}
	if (option_set(o, value, to))
		return true;
	if (o->kind == K_TEXT)
		words_set(why, "option --%s is empty", o->name);
	else
		words_set(why, "option --%s is \"%s\", not %s from %.10g to "
		    "%.10g", o->name, value, wanted[o->kind], o->min, o->max);
	return false;
}

/*
 * Takes the arguments of main() and fills in to, which keeps pointing into
 * argv.  Returns false, with the reason in why, when one is unknown, lacks
 * its value or is out of its bounds.
 */
bool
options_parse(int argc, char **argv, struct options *to, struct words *why)
{
	*to = defaults;
	for (int i = 1; i < argc; i++)
		if (!option_take(argv, &i, to, why))
			return false;
	if (to->timeout_scale < 0)
		to->timeout_scale = to->scale;
	return true;
}

void
options_usage(void)
{
	char	 left[64];

	(void)printf("usage: genhook-simulator [option ...]\n");
	for (const struct option *o = table; o->name != NULL; o++) {
		(void)snprintf(left, sizeof(left), "--%s%s", o->name,
		    values[o->kind]);
		(void)printf("  %-26s %s\n", left, o->help);
	}
}
