#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <jansson.h>
#include <stdbool.h>

enum fault {
	F_LOSE,
	F_DUPLICATE,
	F_REORDER,
	F_LATE,
	F_EARLY,
	F_GARBAGE,
	F_SLOW,
	F_FAIL,
	/* Of one request each, and no part of a task's plan. */
	F_BUSY,
	F_SUBMIT_BUSY,
	F_SUBMIT_REFUSE,
	F_SUBMIT_HANGUP,
	F__MAX
};

struct faults {
	double	 pct[F__MAX];
	long	 late_ms;
	long	 status_delay_ms;
	long	 clock_ahead_s;		/* of every answer's Date */
	long	 submit_delay_ms;
	long	 submit_status;		/* of every submit; 0: their own */
	long	 poll_status;		/* of every poll */
	long	 link_seconds;		/* -1: each provider's own */
};

/* What shall happen to one task: thrown by the dice, or asked for. */
struct plan {
	bool	 on[F__MAX];
	long	 copies;		/* further callbacks, with F_DUPLICATE */
	bool	 cancel;
	bool	 never;
	bool	 notfound;
	char	 url[512];		/* instead of the outputs' links, or "" */
};

void	 faults_open(const struct faults *);
bool	 faults_roll(enum fault);
void	 faults_plan(const char *, struct plan *);
long	 faults_late_ms(void);
long	 faults_status_delay_ms(void);
long	 faults_clock_ahead_s(void);
long	 faults_submit_delay_ms(void);
long	 faults_submit_status(void);
long	 faults_poll_status(void);
long	 faults_link_seconds(void);
bool	 faults_change(json_t *, const char **);
json_t	*faults_show(void);

#endif
