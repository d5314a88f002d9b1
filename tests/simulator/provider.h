#ifndef SIM_PROVIDER_H
#define SIM_PROVIDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "tasks.h"

#define RETRIES_MAX	5
#define SIGN_LINES	4
#define SIGN_LINE	192

/* Why a request gets no task. */
enum refusal {
	R_BAD_REQUEST,
	R_NO_KEY,
	R_WRONG_KEY,
	R_NOT_FOUND,
	R_BUSY,
	R_MEMORY
};

enum link_style { LINK_PLAIN, LINK_AWS, LINK_TENCENT };

struct provider {
	const char	*name;		/* also the first part of its paths */
	const char	*key_header;	/* of its own, the bare key; or NULL */
	const char	*key_prefix;	/* in Authorization; NULL: "Bearer " */
	int		 index;		/* of its key in struct options */
	long		 timeout_ms;	/* how long it waits for our answer */
	int		 retries;
	long		 retry_ms[RETRIES_MAX];
	long		 link_seconds;
	unsigned	 link_gone;	/* HTTP status of a plain link's end */
	bool		 knows_cancelled;
	bool		 tells_cancelled;	/* by callback, too */
	bool		 has_text;

	void		(*make_id)(char *, size_t);
	/* Answers what is below the provider's own prefix. */
	void		(*route)(const struct call *, struct reply *);
	/* Says no in the provider's own words; the text names the cause. */
	void		(*refuse)(struct reply *, enum refusal, const char *);
	/* Is this POST no submit but a poll?  NULL: none is. */
	bool		(*is_poll)(const struct call *);
	/* What everybody may read; false: nothing is there.  NULL: nothing. */
	bool		(*publish)(const struct call *, struct reply *);
	/* The HTTP status of a poll's answer; NULL: 200. */
	unsigned	(*poll_status)(const struct task *);
	/* The task as poll answer, or (true) as callback. */
	json_t		*(*render)(const struct task *, bool);
	/* A further callback, of the output from 1 on; NULL: there is one. */
	json_t		*(*render_more)(const struct task *, int);
	bool		(*accepts)(long);	/* is this answer a success? */
	bool		(*insists)(long);	/* shall it be tried again? */
	enum link_style	(*style)(const struct task *);	/* NULL: plain */
	/* Header lines of one attempt, made at unix time t; NULL: none. */
	int		(*sign)(const struct task *, int64_t, const char *,
			    size_t, char (*)[SIGN_LINE]);
};

extern const struct provider	 novita, apimart, apixo, wavespeed, replicate,
				 luma, kie, fal, minimax, runway, runware, bfl,
				 openai, openrouter;

void	 provider_open(void);
const char *provider_secret(int);
void	 provider_answer(const struct call *, struct reply *);
void	 provider_submit(const struct call *, struct task *);
void	 provider_poll(const struct provider *, const char *, const char *,
	    struct reply *, json_t *(*)(const struct task *));
long	 provider_link_seconds(const struct provider *);
void	 provider_id_hex(char *, size_t);
void	 provider_id_uuid(char *, size_t);
int	 provider_sign_standard(const struct task *, int64_t, const char *,
	    size_t, char (*)[SIGN_LINE]);
bool	 status_2xx(long);
bool	 status_not_2xx(long);

/* Whether path begins with the text; then rest is what follows. */
bool	 path_below(const char *, const char *, const char **);

#endif
