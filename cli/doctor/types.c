/* libmagic's database, which tells the types of files. */
#include "lib/mime.h"
#include "cli/doctor/doctor.h"

/* Without libmagic's database nothing is downloaded. */
void
doctor_types(struct doctor *d)
{
	struct errbuf	err;
	struct mime	*s = mime_open(&err);

	if (s != NULL)
		doctor_ok(d, "types", "libmagic has its database");
	else
		doctor_wrong(d, "types", "apt-get install libmagic-mgc",
		    "%s", err.text);
	mime_close(s);
}
