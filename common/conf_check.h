/* Settings that were read one by one: do they go together? */
#ifndef GENHOOK_CONF_CHECK_H
#define GENHOOK_CONF_CHECK_H

#include <stdbool.h>

#include "lib/errbuf.h"
#include "common/conf.h"

/* A thing that is wrong. */
struct conf_fault {
	const char	*section;	/* NULL: the account's own */
	const char	*key;		/* NULL: the section as a whole */
	struct errbuf	 words;		/* that go behind its name, or
					   ERR_NO_MEMORY */
};

/* Who is told of each. */
struct conf_faults {
	void	(*each)(void *arg, const struct conf_fault *);
	void	*arg;
};

/* All but the accounts.  False: there were faults. */
bool	conf_check_common(const struct conf *, const struct conf_faults *);

/* One account of conf, beside those in front of it; fills in its api_base.
 * False: there were faults. */
bool	conf_check_account(const struct conf *, struct account *,
	    const struct conf_faults *);

/* One forward of conf, beside those in front of it, once the accounts are there;
 * fills in its types.  False: there were faults. */
bool	conf_check_forward(const struct conf *, struct forward *,
	    const struct conf_faults *);

#endif
