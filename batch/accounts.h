/*
 * The one fair scheduler of a run's API calls: whose turn it is, so that
 * neither an account with a thousand tasks nor one that is slow to answer keeps
 * the others waiting, and so that a wrong key is refused once and not a
 * thousand times.  polls.c and submits.c tell it how to claim and how to send.
 *
 * Everything here happens on the main thread.
 */
#ifndef GENHOOK_ACCOUNTS_H
#define GENHOOK_ACCOUNTS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"
#include "handlers/api_trouble.h"
#include "common/conf.h"
#include "batch/run.h"

struct accounts;

/* A part of each item that is claimed, by which it waits until it is sent. */
struct account_link {
	STAILQ_ENTRY(account_link)	 next;
	void				*item;	/* that it is a part of */
};

/* An account, and what is sent in its name. */
struct account_queue {
	struct accounts			*accounts;
	const struct account		*account;
	STAILQ_HEAD(, account_link)	 claimed;	/* and not yet sent */
	int64_t				 nclaimed;
	int64_t				 in_flight;	/* sent, not answered */
	bool	 proven;	/* the last answer was well: others may go
				   beside it */
	bool	 was_well;	/* one was, in this run */
	bool	 on_probation;	/* it was in trouble, and one goes first */
	int	 in_a_row;	/* troubles since an answer was well */
	bool	 stopped;	/* nothing more is sent in this run */
	bool	 done;		/* nothing more is due */
};

struct accounts {
	/* By the caller. */
	struct run	*run;
	const char	*provider;	/* its accounts alone, or NULL: all */
	int64_t		 until_ms;	/* nothing new is sent from then on */
	/*
	 * Items may be claimed before there is room to send them, up to the
	 * account's share of what may be in flight; release gives back what
	 * was not sent.  Otherwise one is claimed at a time, once there is
	 * room, and sent at once.
	 */
	bool		 claims_ahead;
	/* At the end wait for what is in flight; otherwise it is cut off. */
	bool		 awaits_answers;
	/* They cost nothing: credit is none of their business. */
	bool		 are_polls;

	/* Claim up to limit items of the account: account_queue_put() each.
	 * Returns how many there were; fewer than limit: no more are due. */
	int64_t		(*claim)(struct account_queue *, int64_t limit);
	/* Send an item, which is the callee's from then on.  True: the answer
	 * will come, and account_queue_answered() be called then. */
	bool		(*send)(void *item);
	/* With claims_ahead: give back all that account_queue_take() has. */
	void		(*release)(struct account_queue *);
	/* After each turn, once at the end too; may be NULL. */
	void		(*on_turn)(struct accounts *);
	void		*arg;			/* for the callbacks */

	const char	*what;		/* for the live line: "polls" */
	const int64_t	*done;		/* how many are, for the same */
	const char	*due;		/* for warnings: "tasks are due" */
	const char	*left;		/* "this account is not polled" */

	/* Their own, zero before. */
	struct http_engine	*engine;	/* for the callbacks, too */
	struct account_queue	*queues;
	size_t			 nqueues;
	size_t			 turn;		/* whose turn it is first */
	int64_t			 in_flight;	/* of all accounts */
};

/* Send what is due, until there is no more or until_ms has come. */
void	accounts_run(struct accounts *);

/* Have a claimed item wait for its turn. */
void	account_queue_put(struct account_queue *, struct account_link *,
	    void *item);
/* Take the next one that waits; NULL: there is none. */
void	*account_queue_take(struct account_queue *);

/* The answer to an item came, or will not come any more. */
void	account_queue_answered(struct account_queue *);

/* One more question is on its way about the item whose answer just came. */
void	account_queue_asks_more(struct account_queue *);

/* It was an answer of the API itself, which can work: whatever is due may go. */
void	account_queue_well(struct account_queue *);

/*
 * It was trouble of the account as a whole.  From the so manieth in a row on
 * (the first where the account is on probation) nothing more is sent in this
 * run, and no run sends anything until a pause is over, which is longer each
 * time.  Before that one goes alone.
 */
void	account_queue_trouble(struct account_queue *, enum api_trouble,
	    int most_in_a_row, int64_t retry_after_s, const char *words);

/*
 * Send nothing more in the account's name in this run: its key was refused,
 * which is logged once; or it has a rate limit, for which account_pause() is
 * called with retry_after_s.
 */
void	account_queue_stop(struct account_queue *, bool key_refused,
	    int64_t retry_after_s, const char *words);

/* Stop an account that has no key, which is logged once. */
void	account_queue_stop_keyless(struct account_queue *);

/* Have all runs leave an account alone for so long (0: a minute). */
void	account_pause(struct run *, const struct account *,
	    int64_t retry_after_s, const char *words);

/* Is it an account of that provider, or provider NULL? */
bool	account_is_of(const struct account *, const char *provider);

#endif
