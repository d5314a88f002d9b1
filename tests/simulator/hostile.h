#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H

#include "http.h"

void	 hostile_answer(const struct call *, struct reply *);

#endif
