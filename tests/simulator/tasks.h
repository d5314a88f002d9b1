#ifndef SIM_TASKS_H
#define SIM_TASKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "faults.h"
#include "media.h"

#define OUTPUTS_MAX	10

enum state { S_QUEUED, S_PROCESSING, S_SUCCEEDED, S_FAILED, S_CANCELLED };

struct output {
	char		 sha256[HASH_HEX];
	uint64_t	 bytes;
};

/*
 * One generation.  Filled in by the submit, then changed by the sender's
 * thread alone, under the lock.  Never freed before the end.
 */
struct task {
	const struct provider	*provider;
	char			 id[48];
	char			 model[160];
	char			*hook;		/* full callback URL, or NULL */
	char			*request;	/* the submit's body */
	char			*once;		/* its Idempotency-Key, or NULL */
	unsigned long		 serial;	/* counts a provider's tasks */
	struct plan		 plan;
	enum media		 kind;
	int			 outputs;
	bool			 test;		/* not known to the poll API */
	bool			 music;
	const char		*test_status;	/* with test; a constant */

	enum state		 state;
	bool			 tried;		/* the first callback is over */
	int64_t			 created_us;	/* unix time */
	int64_t			 finished_us;	/* planned, then real */
	long			 link_seconds;	/* life of its plain links */
	struct output		 output[OUTPUTS_MAX];
	char			*callback;	/* body, once finished */
	size_t			 callback_len;
	char			*more[OUTPUTS_MAX];	/* bodies of further
						   callbacks, one each */
	unsigned		 sent, answered;

	struct task		*next_in_slot;
	struct task		*next;		/* in order of submit */
};

/* Between these two, a task does not change. */
void		 tasks_lock(void);
void		 tasks_unlock(void);

bool		 tasks_open(void);
void		 tasks_close(void);
struct task	*task_new(const struct provider *, const char *);
void		 task_free(struct task *);
void		 tasks_add(struct task *);
struct task	*tasks_find(const struct provider *, const char *);
struct task	*tasks_find_any(const char *);
struct task	*tasks_find_once(const struct provider *, const char *);
const struct task *tasks_first(void);
enum state	 task_state(const struct task *);
const char	*task_state_word(enum state);
void		 task_finish(struct task *);
void		 task_tried(struct task *);
bool		 tasks_wait_tried(struct task *, long);
void		 task_file(const struct task *, int, struct media_file *);
char		*task_text(const struct task *, int);
bool		 task_choose(struct task *, json_t *);

#endif
