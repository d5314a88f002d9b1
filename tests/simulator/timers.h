#ifndef SIM_TIMERS_H
#define SIM_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

typedef void	(*timer_fn)(void *);

bool	 timers_add(int64_t, timer_fn, void *);
void	 timers_run(void);
int	 timers_next_ms(void);
void	 timers_close(void (*)(timer_fn, void *));

#endif
