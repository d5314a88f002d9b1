#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two clocks, both in microseconds: one for plans, one for the wire. */
int64_t	 clock_steady_us(void);
int64_t	 clock_unix_us(void);
void	 clock_utc(int64_t, const char *, char *, size_t);

/* Sleeps that end when the program does. */
bool	 clock_sleep_ms(long);
void	 clock_stop(void);
bool	 clock_stopping(void);

/* One seeded generator for all dice, ids and outputs. */
void	 dice_seed(uint64_t);
uint64_t dice_bits(void);
double	 dice_real(void);
long	 dice_between(long, long);

#endif
