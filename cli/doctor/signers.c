/* The keys that providers publish for their signatures: has the sweep fetched
 * them, and are they young enough to be trusted? */
#include "common/key_file.h"
#include "cli/doctor/doctor.h"

/* Well after they are fetched anew, and before they are no longer trusted. */
#define SIGNERS_OLD_S	(KEY_FILE_TRUSTED_S / 2)

static void
signers_look(struct doctor *d, const struct account *a)
{
	const char	*provider = a->provider->name;
	int64_t		 age_s = key_file_age(d->conf, a);

	if (age_s < 0)
		doctor_note(d, "signers", "%s %s: no keys of its signatures were "
		    "fetched yet: until the next sweep, callbacks only make it "
		    "ask", provider, a->name);
	else if (age_s > SIGNERS_OLD_S)
		doctor_wrong(d, "signers", "see what keeps the sweep from "
		    "fetching them: its lines say it, and curl -I of keys_url",
		    "%s %s: the keys of its signatures were fetched %s ago; "
		    "after a day none is trusted", provider, a->name,
		    doctor_ago((long)age_s));
	else
		doctor_ok(d, "signers", "%s %s: the keys of its signatures were "
		    "fetched %s ago", provider, a->name,
		    doctor_ago((long)age_s));
}

void
doctor_signers(struct doctor *d)
{
	const struct conf	*conf = d->conf;
	size_t			 i;

	for (i = 0; i < conf->naccounts; i++)
		if (key_file_is_used(&conf->accounts[i]))
			signers_look(d, &conf->accounts[i]);
}
