/* How an alert is written in each format, and how it is sent. */
#ifndef GENHOOK_ALERT_SEND_H
#define GENHOOK_ALERT_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "batch/alert.h"

/* Are there settings by which somebody is told? */
bool	alert_is_set(const struct conf *);

/* Tell it by every way of the settings.  False: one of them failed, and err says
 * how. */
bool	alert_send(const struct conf *, const struct alert_finding *, size_t n,
	    struct errbuf *);

/* Ask for alert.ping_url.  False likewise. */
bool	alert_ping(const struct conf *, struct errbuf *);

#endif
