/* A task as an operator names it: "PROVIDER/TASK", or the id alone, or how it begins;
 * and a delivery, by its id or how that begins. */
#ifndef GENHOOK_CLI_TASK_H
#define GENHOOK_CLI_TASK_H

#include "lib/db.h"

struct task_name {
	char	*provider;
	char	*task_id;
	char	*status;	/* NULL: only its deliveries are known */
};

/*
 * Find the task that the word names.  False when there is none, or more than
 * one, which has then been said.  Free with task_name_free() in any case.
 */
bool	task_find(struct db *, const char *word, struct task_name *);
void	task_name_free(struct task_name *);

/* The same for a delivery, of whose id eight characters have to be said. */
#define DELIVERY_ID_SIZE	37	/* a UUID as text */
bool	delivery_find(struct db *, const char *word, char id[DELIVERY_ID_SIZE]);

#endif
