#ifndef SIM_CALLBACKS_H
#define SIM_CALLBACKS_H

#include "options.h"
#include "tasks.h"

bool	 callbacks_open(struct words *);
void	 callbacks_close(void);
void	 callbacks_finish(struct task *, long);
bool	 callbacks_again(struct task *);
long	 callbacks_pending(void);

#endif
