#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"

enum { NOVITA, APIMART, APIXO, WAVESPEED, REPLICATE, LUMA, KIE, FAL, MINIMAX,
    RUNWAY, RUNWARE, BFL, OPENAI, OPENROUTER, PROVIDER__MAX };

/* Words for the person at the terminal; the caller owns the buffer. */
struct words {
	char	 text[256];
};

void	 words_set(struct words *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* What the command line asked for.  The strings point into argv. */
struct options {
	long		 port;
	long		 seed;		/* -1: a fresh one from the kernel */
	long		 finish_min_ms, finish_max_ms;
	long		 file_bytes;
	long		 connections;	/* callbacks in flight */
	double		 scale;
	double		 timeout_scale;	/* negative: the same as scale */
	const char	*address;
	const char	*port_file;
	const char	*ledger;
	const char	*keys[PROVIDER__MAX];
	const char	*secrets[PROVIDER__MAX];	/* that sign */
	const char	*openai_hook;	/* of its only project */
	bool		 hostile;
	bool		 help;
	bool		 version;
	struct faults	 faults;
};

extern struct options	 opts;

bool	 options_parse(int, char **, struct options *, struct words *);
void	 options_usage(void);

#endif
