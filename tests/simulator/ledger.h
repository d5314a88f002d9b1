#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include <jansson.h>

#include "options.h"

bool	 ledger_open(const char *, struct words *);
void	 ledger_close(void);
json_t	*ledger_text(const char *);
void	 ledger_write(const char *, const char *, const char *, json_t *);

#endif
